check "a command runs" ls /
check "there is memory left" sh -c '[ "$(sed -n "s/^MemAvailable: *\([0-9]*\) kB/\1/p" /proc/meminfo)" -gt 2048 ]'
