# What every question is answered with; its own function follows, and then the call.
# For dash, bash and busybox alike. Nothing here writes. Double quotes only: each single quote would be quoted twice.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
# With local:// these are the runner's: a file that each bash reads first, and others among the places that cd tries.
unset BASH_ENV CDPATH

refuse() { # refuse STATUS REASON
    printf "%s\n" "$2" >&2
    exit "$1"
}

read_hello() {
    echo readiness
    echo readiness >&2
}
