# How a host answers, one function for each kind of question; facts/host.py sends this and names the function.
# For dash, bash and busybox alike. Nothing here writes. Double quotes only: each single quote would be quoted twice.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

refuse() { # refuse STATUS REASON
    printf "%s\n" "$2" >&2
    exit "$1"
}

read_hello() {
    echo readiness
    echo readiness >&2
}

read_system() {
    id -un && uname -n && uname -sr && cut -d " " -f 1 /proc/uptime || return
    [ ! -r /etc/os-release ] || sed -n "s/^PRETTY_NAME=//p" /etc/os-release
}

read_disk() { # read_disk [MOUNT]; without it every real file system of this host, each once in the listing
    virtual=$(sed -n "s/^nodev[[:space:]]*//p" /proc/filesystems) || return
    while read -r _ escaped type _; do
        path=$(printf "%b." "$escaped")
        path=${path%.}
        if [ $# = 1 ]; then
            [ "$path" = "$1" ] || continue
        else
            [ -d "$path" ] || continue
            case $type:$path in
            squashfs:* | iso9660:* | erofs:* | cramfs:* | romfs:* | udf:*) continue ;;
            zfs:* | overlay:/) ;;
            *) ! echo "$virtual" | grep -qxF "$type" || continue ;;
            esac
        fi
        printf "%s\n" "$escaped $type $(stat -c %d "$path") $(stat -f -c "%S %b %f %a %c %d" "$path")"
    done </proc/mounts
}

read_memory() {
    grep -E "^(MemTotal|MemAvailable):" /proc/meminfo || return
    for group in /sys/fs/cgroup /sys/fs/cgroup/memory; do
        for file in memory.max memory.current memory.limit_in_bytes memory.usage_in_bytes; do
            [ ! -r $group/$file ] || echo "$file: $(cat $group/$file)"
        done
        [ ! -r $group/memory.stat ] || grep -E "^(total_)?inactive_file " $group/memory.stat
    done
    return 0
}

read_listeners() {
    echo "order $(printf "\1\0" | od -An -tx2)"
    for protocol in tcp tcp6; do
        if [ $protocol = tcp ] || [ -e /proc/net/$protocol ]; then
            grep -E "^ *[0-9]+: [0-9A-F:]+ [0-9A-F:]+ 0A " /proc/net/$protocol || [ $? = 1 ] || return
        fi
    done
    ! command -v ss >/dev/null || ss -Hltnpe 2>/dev/null
    return 0
}

read_service() { # read_service UNIT
    [ -d /run/systemd/system ] || refuse 3 "its init is $(cat /proc/1/comm), not systemd"
    systemctl show --no-pager -p Id,Type,LoadState,ActiveState,SubState,UnitFileState,TriggeredBy -- "$1"
}

read_clock() {
    if command -v chronyc >/dev/null; then
        chronyc -n -c tracking && return
    fi
    if command -v timedatectl >/dev/null; then
        if timedatectl show -p NTPSynchronized; then
            timedatectl timesync-status 2>/dev/null
            return 0
        fi
    fi
    refuse 3 "neither chronyc nor timedatectl tells the state of its clock"
}

read_sshd() { # read_sshd CONFIG; the effective settings; then each file of the configuration after a line "--"
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
}

read_file() { # read_file PATH; "absent", "dangling", or mode, owner, group and type of what it leads to
    missing="No such file or directory|Not a directory"
    if reason=$(stat -c %n "$1" 2>&1 >/dev/null); then
        if reason=$(stat -L -c %n "$1" 2>&1 >/dev/null); then
            stat -L -c "%a %u:%U %g:%G %F" "$1"
            return
        fi
        missing="No such file or directory"
        set -- dangling
    else
        set -- absent
    fi
    printf "%s\n" "$reason" | grep -qE "($missing)\$" || refuse 1 "$reason"
    echo "$1"
}

read_sha256() { # read_sha256 PATH
    [ -f "$1" ] || refuse 3 "$1 is not a regular file"
    sha256sum <"$1"
}

read_line() { # read_line PATH PATTERN; how many whole lines match
    [ -f "$1" ] || refuse 3 "$1 is not a regular file"
    grep -cxE -e "[[:space:]]*($2)[[:space:]]*" "$1" || [ $? = 1 ]
}

question=$1
shift
read_"$question" "$@"
