equal "the program runs" "greetings from $(uname -m)" "$(greet)"
equal "the host is called so" gate "$(hostname)"
equal "the file is there" green "$(cat /etc/gate.conf)"
check "the user is there" id admin
check "in its group" sh -c 'id -nG admin | grep -qw wheel'
equal "its keys are its own" admin "$(stat -c %U /home/admin/.ssh/authorized_keys)"
check "the boot word is there" grep -q gate.colour=green /proc/cmdline
