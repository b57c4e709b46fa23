# Starting a shell, 200 times, from the shell that is timed.
i=0
while [ $i -lt 200 ]; do
    "$shell" -c :
    i=$((i + 1))
done
