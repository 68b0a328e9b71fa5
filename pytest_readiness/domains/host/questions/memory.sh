# memory
grep -E "^(MemTotal|MemAvailable):" /proc/meminfo || return
for group in /sys/fs/cgroup /sys/fs/cgroup/memory; do
    for file in memory.max memory.current memory.limit_in_bytes memory.usage_in_bytes; do
        [ ! -r $group/$file ] || echo "$file: $(cat $group/$file)"
    done
    [ ! -r $group/memory.stat ] || grep -E "^(total_)?inactive_file " $group/memory.stat
done
return 0
