# while read over 10^5 lines of a file.
i=0
while [ $i -lt 100000 ]; do
    echo "name$i:value $i:third field"
    i=$((i + 1))
done >lines.tmp
n=0
while IFS=: read -r a b c; do
    n=$((n + 1))
done <lines.tmp
echo $n "$a" "$b" "$c"
