# clock
said=
if command -v chronyc >/dev/null; then
    if said=$(chronyc -n -c tracking); then
        printf "%s\n" "$said"
        chronyc -n -c sources
        return
    fi
    # Its errors are output, too.
    said="; chronyc says: $(printf "%s\n" "$said" | tail -n 1)"
fi
if command -v timedatectl >/dev/null; then
    if timedatectl show -p NTPSynchronized -p CanNTP -p NTP; then
        timedatectl timesync-status 2>/dev/null
        TZ=UTC timedatectl show-timesync -p PollIntervalUSec -p NTPMessage 2>/dev/null
        date +Now=%s
        return 0
    fi
fi
refuse 3 "neither chronyc nor timedatectl tells the state of its clock$said"
