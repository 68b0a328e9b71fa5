# jobs; every timer with its service, what cron and anacron are told to run, and which cron runs; lines of ours begin
# with "@"
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
        TZ=UTC systemctl show --no-pager -p Id,LoadState,ActiveState,UnitFileState,Unit,NextElapseUSecRealtime,TimersCalendar,ExecStart,Result,ConditionResult,ConditionTimestamp \
            -- $timers $services || return
        echo
    fi
fi
for each in /proc/[0-9]*/comm; do
    read -r name 2>/dev/null <"$each" || continue
    grep -qs "^State:[[:space:]][^Z]" "${each%comm}status" || continue
    # That of a container, which has a number there, too, runs nothing of the host.
    ! grep -qs "^NSpid:.*[0-9][[:space:]]\{1,\}[0-9]" "${each%comm}status" || continue
    case $name in
    cron | crond | cronie)
        kind=cronie
        [ "$name" != cron ] || [ ! -e /etc/debian_version ] || kind=debian
        program=$(readlink "${each%comm}exe" 2>/dev/null) || program=$(readlink -f "$(command -v crond)" 2>/dev/null)
        case $program in */busybox*) kind=busybox ;; esac
        printf "%s\n" "@daemon $kind"
        ;;
    esac
done
for each in /etc/cron.d /etc/crontabs /var/spool/cron /var/spool/cron/crontabs /var/spool/cron/tabs; do
    [ ! -d "$each" ] || [ -r "$each" ] || printf "%s\n" "@unreadable $each"
done
words= gap="[[:space:]][[:space:]]*" word="[A-Za-z_][A-Za-z0-9_.@+-]*"
for each in /etc/crontab /etc/cron.d/* /etc/crontabs/* /var/spool/cron/* /var/spool/cron/crontabs/* /var/spool/cron/tabs/*; do
    [ -f "$each" ] || continue
    if [ ! -r "$each" ]; then
        printf "%s\n" "@unreadable $each"
        continue
    fi
    unended=
    if [ -n "$(tail -c 1 "$each")" ] && tail -n 1 "$each" | grep -q "^[ 	]*[^# 	]"; then
        unended=unended
    fi
    file=$(stat -L -c "%a %u %h" "$each") && link=$(stat -c %u "$each") || return
    printf "%s\n" "@table $each	$file $link $unended"
    # A carriage return alone makes a line, for cron.
    sed -n "/^[ 	]*[^# 	]/s|^|@cron $each	|p" "$each"
    # A last line without a newline is printed without one, too.
    echo
    # The word behind the time: the user in tables of the system, and the program in others.
    words="$words ${each##*/} $(sed -n "s/^[[:space:]]*@[^[:space:]]*$gap\($word\).*/\1/p
        s/^[[:space:]]*\([^@#[:space:]][^[:space:]]*$gap\)\([^[:space:]][^[:space:]]*$gap\)\{4\}\($word\).*/\3/p" "$each")"
done
set -f
# shellcheck disable=SC2086
for each in $(printf "%s\n" $words | sort -u); do
    number=$(id -u -- "$each" 2>/dev/null) || continue
    printf "%s\n" "@account $each	$number $(command -v -- "$each")"
done
set +f
return=$(printf "\r")
for each in /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly; do
    # A test runs nothing.
    taken=$(run-parts --test "$each" 2>/dev/null)
    for script in "$each"/*; do
        [ -f "$script" ] || continue
        if [ ! -r "$script" ]; then
            printf "%s\n" "@unreadable $script"
            continue
        fi
        printf "%s\n" "$taken" | grep -Fxq -- "$script" || printf "%s\n" "@passed $script"
        # What the system runs by itself: a script that names its interpreter, or a program.
        case $(head -c 4 "$script" | tr -d "\000") in
        "#!"*) head -n 1 "$script" | grep -q "$return\$" && printf "%s\n" "@returned $script" ;;
        *ELF) ;;
        *) printf "%s\n" "@bare $script" ;;
        esac
        sed -n "/^[[:space:]]*[^#[:space:]]/s|^|@script $script	|p" "$script"
        echo
    done
done
if [ -r /etc/anacrontab ]; then
    sed -n "/^[[:space:]]*[^#[:space:]]/s|^|@anacron /etc/anacrontab	|p" /etc/anacrontab
    echo
elif [ -e /etc/anacrontab ]; then
    echo "@unreadable /etc/anacrontab"
fi
PATH=$PATH:/usr/sbin:/sbin
program=$(command -v anacron) && printf "%s\n" "@program $program"
return 0
