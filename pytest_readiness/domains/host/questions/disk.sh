# disk [MOUNT]; without it every real file system of this host, each once in the listing
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
