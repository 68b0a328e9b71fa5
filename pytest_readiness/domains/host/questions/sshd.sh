# sshd CONFIG; the effective settings; then each file of the configuration after a line "--"
[ "$(id -u)" = 0 ] || refuse 3 "only root may read its settings; set sudo: true on this host"
sshd=$(command -v sshd) || refuse 3 "there is no program sshd"
"$sshd" -T -f "$1" || return
cd /etc/ssh 2>/dev/null || :
included=$(sed -n "s/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*//p" "$1" | tr -d "\042")
for each in "$1" $included; do
    if [ -e "$each" ]; then
        printf "\n--\n"
        cat "$each" || return
    fi
done
