check "the words are there" grep -q frobnicate /proc/cmdline
equal "the init is ours" init "$(cat /proc/1/comm)"
