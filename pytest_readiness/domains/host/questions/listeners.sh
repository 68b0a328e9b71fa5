# listeners
echo "order $(printf "\1\0" | od -An -tx2)"
for protocol in tcp tcp6; do
    if [ $protocol = tcp ] || [ -e /proc/net/$protocol ]; then
        grep -E "^ *[0-9]+: [0-9A-F:]+ [0-9A-F:]+ 0A " /proc/net/$protocol || [ $? = 1 ] || return
    fi
done
! command -v ss >/dev/null || ss -Hltnpe 2>/dev/null
return 0
