# What every question is answered with; its own function follows, and then the call.
# For dash, bash and busybox alike. Nothing here writes. Double quotes only: each single quote would be quoted twice.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

refuse() { # refuse STATUS REASON
    printf "%s\n" "$2" >&2
    exit "$1"
}

read_hello() {
    echo readiness
    echo readiness >&2
}
