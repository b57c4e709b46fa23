mkdir -p /etc/skel
echo 'echo hi' >/etc/skel/.profile
check "a user is added" adduser -D -g Ann ann
equal "its home is its own" ann:ann "$(stat -c %U:%G /home/ann)"
equal "so is what the skeleton gave" ann "$(stat -c %U /home/ann/.profile)"
equal "its line is whole" "ann:x:1000:1000:Ann:/home/ann:/bin/sh" "$(grep ^ann: /etc/passwd)"
equal "nobody but root reads the hashes" 600 "$(stat -c %a /etc/shadow)"
check "a password is set" sh -c 'echo ann:secret | chpasswd'
check "it is a sha512 hash" grep -q '^ann:[$]6[$]' /etc/shadow
check "it can be locked" passwd -l ann
check "and unlocked" passwd -u ann
equal "su changes user and group" "1000 1000 /home/ann" "$(su - ann -c 'echo $(id -u) $(id -g) $HOME' | tail -n 1)"
check_fails "who is no root cannot add users" su ann -c 'adduser -D eve'
check_fails "nor read the hashes" su ann -c 'cat /etc/shadow'
check_fails "nor power the machine off" su ann -c 'poweroff'
check "into a group" adduser ann wheel
equal "which id shows" "ann wheel" "$(id -Gn ann)"
check "a system user is added" adduser -S -D -H svc
equal "it cannot log in" "This account is not available" "$(su svc -c true)"
check "the user goes" deluser --remove-home ann
check_fails "with its home" test -e /home/ann
check_fails "and its group" grep -q ^ann: /etc/group
check_fails "out of the others" grep -q ann /etc/group
equal "the databases before the last change are kept" 1 "$(grep -c ^ann: /etc/passwd-)"
