# Calls of functions with parameters and local variables.
add() {
    local a=$1 b=$2
    sum=$((a + b))
}
i=0
sum=0
while [ $i -lt 150000 ]; do
    add $sum $i
    i=$((i + 1))
done
echo $sum
