# connect HOST PORT; "own" and each address of this host; "at" and the address that was tried last; "led" where the
# connection ended on this host all the same; then the program that tried, and "open" or why not
limited() { # limited SECONDS COMMAND...
    if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi
}
grep -B 1 "host LOCAL" /proc/net/fib_trie 2>/dev/null | sed -n "s/^.*-- \([0-9.]*\)$/own \1/p"
[ ! -r /proc/net/if_inet6 ] || sed -E "s/^(.{4})(.{4})(.{4})(.{4})(.{4})(.{4})(.{4})(.{4}) .*/own \1:\2:\3:\4:\5:\6:\7:\8/" /proc/net/if_inet6

if command -v bash >/dev/null; then
    program=bash
    # The other end of a connection that a firewall leads to a proxy on this host is in the same tables. "open" stands,
    # whatever becomes of the rest: with many connections they are long.
    how="exec 3<>/dev/tcp/\$0/\$1 && echo open || exit
file=\$(readlink /proc/\$\$/fd/3) file=\${file#*[} file=\${file%]}
[ -n \"\$file\" ] || exit
tables=\"/proc/self/net/tcp /proc/self/net/tcp6\"
ours=\$(sed -nE \"s/^ *[0-9]+: ([0-9A-F]+:[0-9A-F]+) +([^ ]+ +){7}\$file .*/\\1/p\" \$tables)
[ -z \"\$ours\" ] || ! grep -qE \"^ *[0-9]+: [^ ]+ [0-9A-F]*\${ours: -13} \" \$tables || echo led"
elif command -v nc >/dev/null; then
    program=nc
    # Only some know -z, to connect and no more; busybox can run a program instead.
    how="-z -v"
    ! nc --help 2>&1 | grep -q BusyBox || how="-e true"
else
    refuse 3 "there is neither bash nor nc to connect with"
fi

case $1 in
*:* | *[0-9].*[0-9].*[0-9].*[0-9]) addresses=$1 ;;
*) addresses= ;;
esac
case $addresses in
*:*) ;;
*[!0-9.]*) addresses= ;;
esac
if [ -z "$addresses" ]; then
    command -v getent >/dev/null || refuse 3 "the address of $1 cannot be looked up without the program getent; name an IP address"
    found=$(limited 4 getent ahosts "$1")
    case $?:$found in
    0:?*) ;;
    124:* | 143:*)
        echo "$program the name could not be resolved within 4 s"
        return
        ;;
    *)
        echo "$program the name could not be resolved"
        return
        ;;
    esac
    addresses=$(printf "%s\n" "$found" | sed -n "s/^\([^ ]*\) .*STREAM.*/\1/p")
fi

set -- "$2" $addresses
port=$1
shift
# All of them in five seconds, or the first five.
seconds=$((5 / $#))
[ "$seconds" -gt 0 ] || seconds=1
number=0
for address; do
    number=$((number + 1))
    [ $number -le 5 ] || break
    printf "%s\n" "at $address"
    if [ $program = bash ]; then
        reason=$(limited $seconds bash -c "$how" "$address" "$port" 2>&1)
    else
        reason=$(limited $seconds nc -w $seconds "$address" "$port" $how 2>&1 </dev/null >/dev/null)
    fi
    status=$?
    case $reason in
    open*) status=0 ;;
    esac
    [ $status != 0 ] || break
done
case $status:$reason in
0:open*led) printf "%s\n" led "$program open" ;;
0:*) echo "$program open" ;;
124:* | 143:* | *"imed out"*) echo "$program no answer within $seconds s" ;;
*refused*) echo "$program refused" ;;
*unreachable* | *"No route"*) echo "$program reported unreachable (rejected by a firewall, or no route)" ;;
*) refuse 3 "$program could not try: $(printf "%s\n" "$reason" | tail -n 1)" ;;
esac
