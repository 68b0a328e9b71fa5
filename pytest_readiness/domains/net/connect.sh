# connect HOST PORT; the program that tried, and "open" or why not
limit=
! command -v timeout >/dev/null || limit="timeout 5"
if command -v bash >/dev/null; then
    program=bash
    reason=$($limit bash -c "exec 3<>/dev/tcp/\$0/\$1" "$1" "$2" 2>&1)
elif command -v nc >/dev/null; then
    program=nc
    # Only some know -z, to connect and no more; busybox can run a program instead.
    how="-z -v"
    ! nc --help 2>&1 | grep -q BusyBox || how="-e true"
    reason=$($limit nc -w 5 "$1" "$2" $how 2>&1 </dev/null >/dev/null)
else
    refuse 3 "there is neither bash nor nc to connect with"
fi
case $?:$reason in
0:*) echo "$program open" ;;
124:* | 143:* | *"imed out"*) echo "$program no answer within 5 s" ;;
*refused*) echo "$program refused" ;;
*unreachable* | *"No route"*) echo "$program reported unreachable (rejected by a firewall, or no route)" ;;
*"not known"* | *"bad address"* | *"resol"*) echo "$program the name could not be resolved" ;;
*) refuse 3 "$program could not try: $(printf "%s\n" "$reason" | tail -n 1)" ;;
esac
