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

read_connect() { # read_connect HOST PORT; the program that tried, and "open" or why not
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
}

read_jobs() { # every timer with its service, what cron is told to run, and whether it runs; lines of ours begin with "@"
    if [ -d /run/systemd/system ]; then
        echo "@systemd"
        files=$(systemctl list-unit-files --no-legend --no-pager --type=timer) || return
        units=$(systemctl list-units --all --plain --no-legend --no-pager --type=timer) || return
        timers=$(printf "%s\n" "$files" "$units" | sed "s/[[:space:]].*//; /^$/d; /@\.timer\$/d" | sort -u)
        if [ -n "$timers" ]; then
            # shellcheck disable=SC2086
            services=$(systemctl show --no-pager -p Unit -- $timers | sed -n "s/^Unit=//p" | sort -u)
            echo
            # shellcheck disable=SC2086
            TZ=UTC systemctl show --no-pager -p Id,LoadState,ActiveState,UnitFileState,Unit,NextElapseUSecRealtime,ExecStart,Result \
                -- $timers $services || return
            echo
        fi
    fi
    for each in /proc/[0-9]*/comm; do
        read -r name 2>/dev/null <"$each" || continue
        grep -qs "^State:[[:space:]][^Z]" "${each%comm}status" || continue
        case $name in
        cron | crond | cronie) echo "@daemon $name" ;;
        esac
    done
    for each in /etc/cron.d /etc/crontabs /var/spool/cron /var/spool/cron/crontabs; do
        [ ! -d "$each" ] || [ -r "$each" ] || echo "@unreadable $each"
    done
    for each in /etc/crontab /etc/cron.d/* /etc/crontabs/* /var/spool/cron/* /var/spool/cron/crontabs/*; do
        if [ -f "$each" ]; then
            [ -r "$each" ] || echo "@unreadable $each"
            [ ! -r "$each" ] || sed -n "/^[[:space:]]*[^#[:space:]]/s|^|@cron $each	|p" "$each"
        fi
    done
    for each in /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/*; do
        if [ -f "$each" ] && [ -x "$each" ]; then
            [ -r "$each" ] || echo "@unreadable $each"
            [ ! -r "$each" ] || sed -n "/^[[:space:]]*[^#[:space:]]/s|^|@script $each	|p" "$each"
        fi
    done
    return 0
}

read_certificates() { # read_certificates [PATH]...; the first certificate of each file; without one, those of ACME clients
    if [ $# = 0 ]; then
        for each in /etc/letsencrypt/live /var/lib/dehydrated/certs /etc/dehydrated/certs "$HOME" "$HOME/.acme.sh"; do
            [ ! -d "$each" ] || { [ -r "$each" ] && [ -x "$each" ]; } || echo "@unreadable $each"
        done
        [ "$(id -u)" = 0 ] || [ -x /root ] || echo "@unreadable /root"
        for each in /etc/letsencrypt/live/*/cert.pem /var/lib/dehydrated/certs/*/cert.pem /etc/dehydrated/certs/*/cert.pem \
            "$HOME"/.acme.sh/*/fullchain.cer "$HOME"/.lego/certificates/*.crt /etc/lego/certificates/*.crt \
            /var/lib/lego/certificates/*.crt; do
            case $each in
            *.issuer.crt) ;;
            *) [ ! -f "$each" ] || set -- "$@" "$each" ;;
            esac
        done
    fi
    for each in "$@"; do
        if [ ! -e "$each" ]; then
            folder=$(dirname "$each")
            [ ! -d "$folder" ] || [ -x "$folder" ] || { echo "@unreadable $folder"; continue; }
            reason=$(stat -L -c %n "$each" 2>&1 >/dev/null) || case $reason in
            *denied*) echo "@unreadable $each"; continue ;;
            esac
            echo "@absent $each"
        elif [ ! -r "$each" ]; then
            echo "@unreadable $each"
        else
            echo "@file $each"
            sed -n "/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p; /-----END CERTIFICATE-----/q" "$each"
        fi
    done
    return 0
}

question=$1
shift
read_"$question" "$@"
