# access PATH; lines of what a file is and who may read it, and of the folders above it, links followed
reason=$(stat -L -c %n "$1" 2>&1 >/dev/null) || refuse 1 "$reason"
real=$(readlink -f "$1") && [ -n "$real" ] || refuse 2 "readlink cannot follow it"
echo "real $real"
stat -c "file %a %U %G %F" "$real" || return
echo "system $(stat -f -c %T "$real")"
echo "shown $(ls -ld "$real")"
if command -v getfacl >/dev/null; then
    getfacl -p -c -E "$real" 2>/dev/null | while read -r line; do [ -z "$line" ] || echo "acl $line"; done
fi
for above in "$real" "$1"; do
    while [ "$above" != / ] && [ "$above" != . ]; do
        above=$(dirname "$above")
        stat -L -c "folder %a %U %n" "$above" || return
    done
done
