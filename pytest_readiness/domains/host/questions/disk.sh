# disk [MOUNT]; without it every real file system of this host that can be written to, each once in the listing
virtual=$(sed -n "s/^nodev[[:space:]]*//p" /proc/filesystems) || return
# Of what holds data, where the file system itself is read-only, and not only one of its mounts.
readonly=$(sed -nE "s/^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ ([^ ]+) .* - (ext[234]|xfs|btrfs|f2fs|jfs) [^ ]+ ro(,.*)?$/\1/p" /proc/self/mountinfo)
[ ! -r /etc/fstab ] || declared=$(sed -nE "s/^[[:blank:]]*[^#[:blank:]][^[:blank:]]*[[:blank:]]+([^[:blank:]]+)[[:blank:]]+[^[:blank:]]+[[:blank:]]+([^[:blank:]]*,)?ro(,[^[:blank:]]*)?([[:blank:]].*)?$/\1/p" /etc/fstab)
# As the kernel calls it: without a slash at the end, dots, or links.
[ $# = 0 ] || wanted=$(cd "$1" 2>/dev/null && pwd -P) || wanted=$1
while read -r _ escaped type options _; do
    path=$(printf "%b." "$escaped")
    path=${path%.}
    stopped=
    if printf "%s\n" "$readonly" | grep -qxF -e "$escaped" && ! printf "%s\n" "$declared" | grep -qxF -e "$escaped"; then
        stopped=" read-only"
    fi
    if [ $# = 1 ]; then
        [ "$path" = "$wanted" ] || continue
    else
        case $stopped:$options in
        :ro | :ro,*) continue ;;
        esac
        case $type:$path in
        squashfs:* | iso9660:* | erofs:* | cramfs:* | romfs:* | udf:*) continue ;;
        zfs:* | overlay:/) ;;
        *) ! printf "%s\n" "$virtual" | grep -qxF "${type%%.*}" || continue ;;
        esac
        # Not before: what waits for a server that has gone would wait here, too.
        [ -d "$path" ] || continue
    fi
    printf "%s\n" "$escaped $type $(stat -c %d "$path") $(stat -f -c "%S %b %f %a %c %d" "$path")$stopped"
done </proc/mounts
