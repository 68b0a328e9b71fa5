# clock
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
