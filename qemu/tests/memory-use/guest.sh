# Everything that is not the kernel's: anonymous memory, page tables of processes, and files of the root in memory.
field() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }
used=$(( $(field AnonPages) + $(field PageTables) + $(field Shmem) + $(field Mapped) ))
echo "used $used kB"
check "under 16 MiB" test "$used" -lt 16384
