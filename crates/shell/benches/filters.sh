# A loop that calls filters on a small file, as scripts that read configurations do.
printf 'name=one\nversion=1.2\nurl=http://example.org/a/b\n' >conf.tmp
i=0
while [ $i -lt 300 ]; do
    cat conf.tmp >/dev/null
    if grep -q '^version=' conf.tmp; then
        v=$(sed -n 's/^version=//p' conf.tmp)
    fi
    u=$(cut -d/ -f3 conf.tmp | tail -n 1)
    n=$(echo "$u" | tr a-z A-Z | sed 's/\..*//')
    test -n "$v" && i=$((i + 1))
done
echo "$u $v $n"
