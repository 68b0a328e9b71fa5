# sshd [CONFIG]; without it, what the running sshd reads; the effective settings for all connections, and lines that begin with "--": "set" and the keywords that
# CONFIG sets; "reads" and the configuration of each sshd that waits for connections; "option" and what each option of the
# one that reads CONFIG sets; "changed" and each file that it has not read in its present form; for each Match block "match" and its condition, "own" and the keywords that it sets, and then what is different for it
[ "$(id -u)" = 0 ] || refuse 3 "only root may read its settings; set sudo: true on this host"
sshd=$(command -v sshd) || refuse 3 "there is no program sshd"
blank=$(printf " \t\r")
quote=$(printf "\047")

take() { # take LETTER VALUE; an option of a running sshd
    case $1 in
    f) reads=$2 ;;
    o) given="$given$2
" ;;
    # These go before every -o, and the last of them before the others.
    q) given="LogLevel QUIET
$given" ;;
    d) given="LogLevel DEBUG1
$given" ;;
    g) given="LoginGraceTime $2
$given" ;;
    i) connected=1 ;;
    R | T | t | G) reads= ;;
    esac
}

started() { # started PROGRAM WORD...; what it reads, nothing where it does not let people in, and its -o
    reads=/etc/ssh/sshd_config given= letter= value=
    shift
    for word; do
        if [ -n "$letter" ] && [ -z "$value" ]; then
            value=$word
            continue
        fi
        case $word in
        -?*) [ -z "$letter" ] || take "$letter" "$value" ;;
        *) # In the title of a process nothing tells a blank within a value from one behind it.
            value="$value $word"
            continue
            ;;
        esac
        letter= value= word=${word#-}
        while [ -n "$word" ]; do
            rest=${word#?}
            case $word in
            [CEbcfghkopu]*) letter=${word%"$rest"} value=$rest rest= ;;
            *) take "${word%"$rest"}" "" ;;
            esac
            word=$rest
        done
    done
    [ -z "$letter" ] || take "$letter" "$value"
}

is_sshd() { # is_sshd PID
    case $(readlink "/proc/$1/exe") in
    */sshd*) return 0 ;;
    esac
    return 1
}

judged() { # judged PID; an sshd that lets people in, by what was found last that it was started with
    there=/proc/$1/root$reads
    if [ -e "$there" ] && [ ! "$there" -ef "$reads" ]; then
        # In a chroot, or among mounts of its own, that name is another file.
        reads=$there
    elif [ "$(readlink -f "$reads")" = "$(readlink -f "$config")" ]; then
        reads=$config
    fi
    config=${config:-$reads}
    printf "%s\n" "--reads $reads"
    if [ "$reads" != "$config" ]; then
        [ -n "$named" ] || refuse 3 "one sshd there reads $config, and another one $reads; name the one that is meant as config"
        return 0
    fi
    [ -z "$seen" ] || [ "$given" = "$options" ] || refuse 3 "several sshd read $config, and have different options"
    options=$given seen=1 process=$1
}

for_one_connection() { # for_one_connection PID; how systemd started an sshd for its connection; 1 where it did not
    unit=
    if [ -d /run/systemd/system ]; then
        # Its session is another group, but it stays the main process of what started it.
        for name in $(systemctl list-units --type=service --plain --no-legend --no-pager "*@*" | cut -d " " -f 1); do
            [ "$(systemctl show --value -p MainPID -- "$name")" != "$1" ] || unit=$name
        done
    fi
    [ -n "$unit" ] || return 1
    words=$(systemctl show --value -p ExecStart -- "$unit" | sed -n "s/.* argv\[\]=\(.*\) ; ignore_errors=.*/\1/p")
    set -f
    for word in $words; do
        case $word in
        "\$"*)
            word=$(printf "%s" "$word" | tr -cd "A-Za-z0-9_")
            value=$(
                systemctl show --value -p Environment -- "$unit" | tr " " "\n"
                systemctl show --value -p EnvironmentFiles -- "$unit" | sed "s/ (ignore_errors=.*//" |
                    while IFS= read -r name; do cat "$name"; done 2>/dev/null
                systemctl show-environment
            )
            ! printf "%s\n" "$value" | tr -d "\"$quote$blank" | grep -q "^$word=." ||
                refuse 3 "sshd is started there for each connection by $unit, with options by the variable $word, which are not followed; write them into sshd_config"
            ;;
        *[\"\$\\]*) refuse 3 "the options that $unit starts sshd with for each connection are not understood" ;;
        esac
    done
    started $words
    set +f
}

here=$(readlink /proc/self/ns/pid)
options= seen= process= config=$1 named=$1 waits= alone=
for each in /proc/[0-9]*; do
    # Without a program: there may be thousands of processes.
    { read -r name <"$each/comm"; } 2>/dev/null || continue
    case $name in
    sshd-session | sshd-auth)
        { read -r _ _ _ parent _ <"$each/stat" && read -r parent <"/proc/$parent/comm"; } 2>/dev/null || continue
        case $parent in
        sshd*) continue ;;
        esac
        ;;
    esac
    case $name in
    # A second one may run under a name of its own, but sshd-keygen is a script.
    sshd*) [ "$(readlink "$each/ns/pid")" = "$here" ] || continue ;;
    *) continue ;;
    esac
    is_sshd "${each#/proc/}" || continue
    connected=
    args=$(tr "\0" "\n" <"$each/cmdline") 2>/dev/null
    set -f
    case $args in
    "") reads= ;; # it has ended, and nobody has noticed yet
    sshd*": "*" [listener] "*)
        args=${args#sshd*: }
        started ${args%% \[listener\] *}
        ;;
    sshd*": /"*) refuse 3 "the options of the sshd that runs as process ${each#/proc/} are cut off" ;;
    sshd*": "*) reads= connected=1 ;;
    *)
        IFS="
"
        started $args
        unset IFS
        ;;
    esac
    set +f
    if [ -n "$connected" ]; then
        parent=$(sed -n "s/^PPid:[$blank]*//p" "$each/status" 2>/dev/null)
        # One with parent 0 was started from outside of a container, which lets nobody in from elsewhere.
        [ "${parent:-0}" = 0 ] || is_sshd "$parent" || alone="$alone ${each#/proc/}"
    elif [ -n "$reads" ]; then
        waits=1
        judged "${each#/proc/}"
    fi
done
for each in $alone; do
    if for_one_connection "$each"; then
        judged "$each"
    elif [ -z "$waits" ]; then
        refuse 3 "sshd is started there for each connection, and nothing tells its options (process $each)"
    fi # Sessions outlive the sshd that waited for them, so others say nothing where one waits.
done
case $config in
/proc/*/root/*) refuse 3 "the sshd that runs there reads $config, as it has a root or mounts of its own, where nothing is followed" ;;
esac
set -- "${config:-/etc/ssh/sshd_config}"
printf "%s\n" "--file $1"

follow() ( # follow FILE BLOCK LABEL CONDITION; its lines, each behind the label of the block that it is in
    # 0 is for all connections, a is "Match all"; a block within another has the label of that one and ":" before it.
    # The label f is for itself, and for folders that files are included from by a pattern.
    IFS= file=$1 outer=$2 block=$2 about=$4 number=0
    printf "%s\n" "f $file"
    while read -r line || [ -n "$line" ]; do
        number=$((number + 1)) turn=0
        line=${line#"${line%%[!$blank]*}"}
        case $line in
        "" | \#*) continue ;;
        \"*\"*) rest=${line#\"} keyword=${rest%%\"*} rest=${rest#*\"} ;;
        *) keyword=${line%%[$blank=\"]*} rest=${line#"${line%%[$blank=\"]*}"} ;;
        esac
        rest=${rest#"${rest%%[!$blank]*}"}
        rest=${rest#=}
        rest=${rest#"${rest%%[!$blank]*}"}
        case $keyword in
        [Mm][Aa][Tt][Cc][Hh])
            rest=${rest%%#*}
            rest=${rest%"${rest##*[!$blank]}"}
            case $rest:$outer in
            [Aa][Ll][Ll]:0) block=a about=$4 ;;
            [Aa][Ll][Ll]:*) block=$outer about=$4 ;;
            *)
                block=$3$number about="$4$rest "
                [ "$outer" = 0 ] || block=$outer:$block
                printf "%s\n" "= $block $4$rest"
                ;;
            esac
            ;;
        [Ii][Nn][Cc][Ll][Uu][Dd][Ee])
            while [ -n "$rest" ]; do
                case $rest in
                \#*) break ;;
                \"*\"*) word=${rest#\"} rest=${word#*\"} word=${word%%\"*} ;;
                *) word=${rest%%[$blank]*} rest=${rest#"$word"} ;;
                esac
                rest=${rest#"${rest%%[!$blank]*}"}
                case $word in
                *["\\$quote\""]*) refuse 3 "what line $number of $file includes is not understood" ;;
                /*) ;;
                *) word=/etc/ssh/$word ;;
                esac
                case $word in
                *[*?[]*) printf "%s\n" "f ${word%/*}" ;;
                esac
                for each in $word; do
                    [ -e "$each" ] || continue
                    turn=$((turn + 1))
                    follow "$each" "$block" "$3${number}_${turn}_" "$about" || exit
                done
            done
            ;;
        *) printf "%s\n" "$block $line" ;;
        esac
    done <"$file"
)

settings() { # settings LABELS; effective for connections of the blocks with one of these labels
    {
        printf "%s\n" "$lines" | sed -n "s/^0 //p"
        # Those of a block are not for all connections: sshd looks at these alone first, and refuses what cannot be.
        printf "%s\n" "$lines" | sed -nE -e "s/^a /Match all\n/p" -e t -e "s/^($1) /Match User root\n/p"
    } | "$sshd" -T -f /dev/stdin -C "$who"
}

as_written() { # the configuration in one file; a block within another is about what both are about
    now=0
    printf "%s\n" "$lines" | sed -n "s/^0 //p"
    printf "%s\n" "$lines" | while IFS= read -r line; do
        label=${line%% *}
        case $label in
        0 | = | f) continue ;;
        "$now") ;;
        a) echo "Match all" ;;
        *) printf "%s\n" "$lines" | sed -n "s/^= $label /Match /p" ;;
        esac
        now=$label
        printf "%s\n" "${line#* }"
    done
}

who="user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
told=$("$sshd" -T -f "$1" -C "$who" 2>/dev/null) || {
    # The last line may only count what those before it name.
    "$sshd" -T -f "$1" -C "$who" 2>&1 >/dev/null | grep -v ": terminating, " >&2
    return 1
}
lines=$(follow "$1" 0 "" "") || return
same=$(as_written | "$sshd" -T -f /dev/stdin -C "$who") || return
[ "$same" = "$told" ] || refuse 3 "the files that it includes could not be followed"
lines=$(printf "%s" "$options" | sed "s/^/0 /" && printf "%s\n" "$lines")
told=$(settings a) || return
printf "%s\n" "$told"
printf "%s\n" "$lines" | sed -nE "s/^(0|a) \"?([A-Za-z0-9]+).*/--set \2/p"
printf "%s" "$options" | sed "s/^/--option /"
# sshd writes this file whenever it has read its settings.
pidfile=$(printf "%s\n" "$told" | sed -n "s/^pidfile //p")

newer() { # newer FILE THAN; also where it came there with a time of its own (cp -p, mv, rsync -a, a package)
    [ "$1" -nt "$2" ] || [ "$(stat -L -c %Z "$1")" -gt "$(stat -c %Y "$2")" ]
}

if [ -n "$process" ] && [ "$(cat "$pidfile" 2>/dev/null)" = "$process" ]; then
    printf "%s\n" "$lines" | sed -n "s/^f //p" | while IFS= read -r each; do
        ! newer "$each" "$pidfile" || printf "%s\n" "--changed $each"
    done
fi
printf "%s\n" "$lines" | sed -n "s/^= //p" | while read -r block about; do
    printf "%s\n" "--match $about"
    labels=a rest=$block: label=
    while [ -n "$rest" ]; do
        label=$label${label:+:}${rest%%:*} rest=${rest#*:}
        labels="$labels|$label"
    done
    printf "%s\n" "$lines" | sed -nE "s/^(${labels#a|}) \"?([A-Za-z0-9]+).*/--own \2/p"
    different=$(settings "$labels") || exit
    printf "%s\n" "$different" | grep -vxF -e "$told" || [ $? = 1 ] || exit
done
