equal "the shell runs as root" 0 "$(id -u)"
check "/proc is there" test -r /proc/cmdline
check "the disk is there" test -b /dev/vda
