# clock
if command -v chronyc >/dev/null && chronyc -n -c tracking; then
    chronyc -n -c sources
    return
fi
if command -v timedatectl >/dev/null; then
    if timedatectl show -p NTPSynchronized; then
        timedatectl timesync-status 2>/dev/null
        TZ=UTC timedatectl show-timesync -p PollIntervalUSec -p NTPMessage 2>/dev/null
        date +Now=%s
        return 0
    fi
fi
refuse 3 "neither chronyc nor timedatectl tells the state of its clock"
