#!/bin/sh
# The checklist from a shell: readiness.sh TARGET [RELEASE] [ARGUMENT…]. Ends with 0 on GO only.
set -u
target=${1:?"usage: readiness.sh TARGET [RELEASE] [ARGUMENT…]"}
release=${2:-}
shift "$(($# < 2 ? $# : 2))"
code=0
pytest --readiness-target="$target" ${release:+--readiness-release="$release"} \
    --readiness-report=readiness.html --readiness-out=readiness "$@" || code=$?
case $code in
0) echo "GO: readiness.html goes with the release." ;;
1) echo "NO-GO: a claim is false; see readiness.html." ;;
6) echo "NO-GO: something is unverified, unsigned or could not be verified; see readiness.html." ;;
10) echo "A part holds; a release is decided on the whole: run it without a selection." ;;
*) echo "No verdict: pytest ended with $code." ;;
esac
exit "$code"
