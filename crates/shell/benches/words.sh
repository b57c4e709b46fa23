# Splitting, loops over words, and echo.
list="alpha beta gamma delta epsilon zeta eta theta iota kappa"
i=0
n=0
while [ $i -lt 8000 ]; do
    for w in $list; do
        n=$((n + ${#w}))
    done
    set -- $list
    shift 3
    n=$((n + $#))
    i=$((i + 1))
done
echo $n
