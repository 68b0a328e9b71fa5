# file PATH; "absent", "dangling", or mode, owner, group and type of what it leads to
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
