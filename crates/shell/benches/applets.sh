# A loop that calls small utilities, as scripts do.
i=0
while [ $i -lt 500 ]; do
    x=$(expr $i + 1)
    y=$(basename /usr/lib/file$i.txt .txt)
    z=$(echo "$y" | cut -c1-4)
    test -d /usr && i=$((i + 1))
done
echo $x $y $z
