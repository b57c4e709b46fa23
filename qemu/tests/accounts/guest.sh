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
echo bob:other-secret >/tmp/bob
check "a second user" sh -c 'adduser -D bob && chpasswd </tmp/bob'
equal "users become each other by the password" 'Password: bob' "$(su ann -c 'echo other-secret | su bob -c whoami' | tail -n 1)"
check_fails "and not by another one" su ann -c 'echo wrong | su bob -c whoami'
check "a user changes the own password" su ann -c 'printf "%s\n" secret Kq7-tarn Kq7-tarn | passwd'
equal "the new one counts" 'Password: ann' "$(su bob -c 'echo Kq7-tarn | su ann -c whoami' | tail -n 1)"
check_fails "nobody changes that of another user" su ann -c 'printf "%s\n" x-123456 x-123456 | passwd bob'
check "the helper takes other names" su ann -c 'ln -s /sbin/suid-helper /tmp/sh'
check_fails "and runs no other applet" su ann -c '/tmp/sh -c true'
equal "nothing else has the set-user-id bit" /sbin/suid-helper "$(find / -xdev -type f -perm /6000)"
check "the second user goes" deluser --remove-home bob
check "into a group" adduser ann wheel
equal "which id shows" "ann wheel" "$(id -Gn ann)"
check "a system user is added" adduser -S -D -H svc
equal "it cannot log in" "This account is not available" "$(su svc -c true)"
check "the user goes" deluser --remove-home ann
check_fails "with its home" test -e /home/ann
check_fails "and its group" grep -q ^ann: /etc/group
check_fails "out of the others" grep -q ann /etc/group
equal "the databases before the last change are kept" 1 "$(grep -c ^ann: /etc/passwd-)"
