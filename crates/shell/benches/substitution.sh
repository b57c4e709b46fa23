# Command substitution of builtins.
i=0
while [ $i -lt 10000 ]; do
    x=$(echo "line $i")
    y=$(printf '%03d' $i)
    i=$((i + 1))
done
echo "$x" "$y"
