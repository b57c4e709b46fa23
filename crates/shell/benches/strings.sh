# Building a string, its length, its ends, and matching it.
s=
i=0
n=0
while [ $i -lt 60000 ]; do
    s=$s.x
    if [ ${#s} -gt 60 ]; then
        s=${s#*.}
        s=${s%.*}
        s=${s##*x.x.x}
    fi
    case $s in
        a*) n=$((n + 2)) ;;
        *.x) n=$((n + 1)) ;;
    esac
    i=$((i + 1))
done
echo $n ${#s}
