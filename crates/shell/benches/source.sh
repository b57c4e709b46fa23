# Sourcing a file of 5,000 lines, ten times.
i=0
while [ $i -lt 1000 ]; do
    echo "f$i() {"
    echo "    if [ \"\$1\" = x ]; then v$i=\"\$1 \${2:-default}\"; fi # a comment"
    echo "    for w in a b c; do case \$w in a) echo \$w ;; *) : ;; esac; done"
    echo "}"
    echo "v$i='value $i'"
    i=$((i + 1))
done >source.tmp
i=0
while [ $i -lt 10 ]; do
    . ./source.tmp
    i=$((i + 1))
done
echo $v999
