# jobs; every timer with its service, what cron is told to run, and whether it runs; lines of ours begin with "@"
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
    [ ! -d "$each" ] || [ -r "$each" ] || printf "%s\n" "@unreadable $each"
done
for each in /etc/crontab /etc/cron.d/* /etc/crontabs/* /var/spool/cron/* /var/spool/cron/crontabs/*; do
    if [ -f "$each" ]; then
        [ -r "$each" ] || printf "%s\n" "@unreadable $each"
        [ ! -r "$each" ] || sed -n "/^[[:space:]]*[^#[:space:]]/s|^|@cron $each	|p" "$each"
    fi
done
for each in /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/*; do
    if [ -f "$each" ] && [ -x "$each" ]; then
        [ -r "$each" ] || printf "%s\n" "@unreadable $each"
        [ ! -r "$each" ] || sed -n "/^[[:space:]]*[^#[:space:]]/s|^|@script $each	|p" "$each"
    fi
done
return 0
