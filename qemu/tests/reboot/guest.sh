check "the system is up" test -r /proc/uptime
