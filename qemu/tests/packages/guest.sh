mkdir -p /tmp/one/usr/bin /tmp/two/usr/bin /tmp/two/etc
printf '#!/bin/sh\necho one\n' >/tmp/one/usr/bin/tell
printf '#!/bin/sh\necho two\n' >/tmp/two/usr/bin/tell
echo colour=green >/tmp/two/etc/tell.conf
chmod 755 /tmp/one/usr/bin/tell /tmp/two/usr/bin/tell
check "the system has a database" apk info
check "a package is made" apk mkpkg --info name:tell --info version:1-r0 --files /tmp/one --output /tmp/tell-1-r0.apk
check "and its successor" apk mkpkg --info name:tell --info version:2-r0 --files /tmp/two --output /tmp/tell-2-r0.apk
check_fails "nobody signed it" apk add /tmp/tell-1-r0.apk
check_fails "so it is not there" test -e /usr/bin/tell
check "who trusts it installs it" apk add --allow-untrusted /tmp/tell-1-r0.apk
equal "its program runs" one "$(tell)"
equal "it is in the database" tell-1-r0 "$(apk info -v)"
check "the successor takes its place" apk add --allow-untrusted /tmp/tell-2-r0.apk
equal "with its program" two "$(tell)"
check "its configuration is there" grep -q green /etc/tell.conf
check "it goes" apk del tell
check_fails "with its program" test -e /usr/bin/tell
equal "and nothing is left of it" "" "$(apk info)"
