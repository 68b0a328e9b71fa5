# certificates [PATH]...; the first certificate of each file; without one, those of ACME clients
if [ $# = 0 ]; then
    for each in /etc/letsencrypt/live /var/lib/dehydrated/certs /etc/dehydrated/certs "$HOME" "$HOME/.acme.sh"; do
        [ ! -d "$each" ] || { [ -r "$each" ] && [ -x "$each" ]; } || echo "@unreadable $each"
    done
    [ "$(id -u)" = 0 ] || [ -x /root ] || echo "@unreadable /root"
    for each in /etc/letsencrypt/live/*/cert.pem /var/lib/dehydrated/certs/*/cert.pem /etc/dehydrated/certs/*/cert.pem \
        "$HOME"/.acme.sh/*/fullchain.cer "$HOME"/.lego/certificates/*.crt /etc/lego/certificates/*.crt \
        /var/lib/lego/certificates/*.crt; do
        case $each in
        *.issuer.crt) ;;
        # A link to what is gone is a certificate that is missed.
        *) { [ ! -f "$each" ] && [ ! -L "$each" ]; } || set -- "$@" "$each" ;;
        esac
    done
fi
for each in "$@"; do
    if [ ! -e "$each" ]; then
        folder=$(dirname "$each")
        [ ! -d "$folder" ] || [ -x "$folder" ] || { echo "@unreadable $folder"; continue; }
        reason=$(stat -L -c %n "$each" 2>&1 >/dev/null) || case $reason in
        *denied*) echo "@unreadable $each"; continue ;;
        esac
        [ ! -L "$each" ] || each="$each -> $(readlink "$each")"
        echo "@absent $each"
    elif [ ! -r "$each" ]; then
        echo "@unreadable $each"
    else
        echo "@file $each"
        sed -n "/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p; /-----END CERTIFICATE-----/q" "$each"
    fi
done
return 0
