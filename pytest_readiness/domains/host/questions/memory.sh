# memory
grep -E "^(MemTotal|MemAvailable):" /proc/meminfo || [ $? = 1 ] || return
# The control group that the login is in, up to the first that has a limit; in a container it may be named as its host
# names it, and is then the root of what is mounted.
limited() { # limited ROOT PATH FILE
    group=$2
    while [ -n "$group" ]; do
        case $(cat "$1$group/$3" 2>/dev/null) in
        "" | max | 9223372036854771712) ;;
        *)
            printf "%s\n" "$1$group"
            return
            ;;
        esac
        group=${group%/*}
    done
    printf "%s\n" "$1"
}
unified=$(sed -n "s/^0:://p" /proc/self/cgroup)
memory=$(sed -nE "s/^[0-9]+:([^:]*,)?memory(,[^:]*)?://p" /proc/self/cgroup)
for group in "$(limited /sys/fs/cgroup "${unified%/}" memory.max)" \
    "$(limited /sys/fs/cgroup/memory "${memory%/}" memory.limit_in_bytes)"; do
    for file in memory.max memory.current memory.limit_in_bytes memory.usage_in_bytes; do
        [ ! -r "$group/$file" ] || echo "$file: $(cat "$group/$file")"
    done
    [ ! -r "$group/memory.stat" ] || grep -E "^(total_)?inactive_file " "$group/memory.stat"
done
return 0
