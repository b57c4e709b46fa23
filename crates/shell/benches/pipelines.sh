# Pipelines of three.
i=0
while [ $i -lt 500 ]; do
    echo "a b $i" | tr a-z A-Z | cat >/dev/null
    i=$((i + 1))
done
