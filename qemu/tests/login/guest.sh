equal "root is uid 0" 0 "$(id -u)"
equal "home is /root" /root "$HOME"
equal "the init is ours" init "$(cat /proc/1/comm)"
equal "the root is a tmpfs" tmpfs "$(awk '$2 == "/" {fs = $3} END {print fs}' /proc/mounts 2>/dev/null || sed -n 's/^[^ ]* \/ \([^ ]*\) .*/\1/p' /proc/mounts | tail -n1)"
for folder in /proc /sys /dev /dev/pts /dev/shm /run; do
	check "$folder is mounted" mountpoint -q "$folder"
done
check "/tmp is for everybody" test -k /tmp
check "/dev/null takes everything" sh -c 'echo x >/dev/null'
check "lo is up" ping -c 1 -w 5 127.0.0.1
equal "the host has a name" "$(cat /etc/hostname)" "$(hostname)"
check "ps shows init" sh -c 'ps | grep -q init'
check "a pipeline works" sh -c 'printf "b\na\n" | sort | head -n1 | grep -qx a'
check "files can be written" sh -c 'echo text >/root/file && grep -q text /root/file && rm /root/file'
check "the kernel is told to be strict: kptr_restrict" grep -qx 2 /proc/sys/kernel/kptr_restrict
check "the kernel is told to be strict: dmesg_restrict" grep -qx 1 /proc/sys/kernel/dmesg_restrict
check "every applet link leads to a program" sh -c 'for link in /bin/* /sbin/* /usr/bin/* /usr/sbin/*; do [ -x "$link" ] || { echo "$link"; exit 1; }; done'
check_fails "an unknown command is an error" no-such-command
