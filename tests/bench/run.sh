#!/bin/sh
# Measures penstock against what a user would pick instead, side by side in one run, and prints ratios; never fails for being slow.
# usage: sh tests/bench/run.sh [loads | http | all] [ROWS] [--times N] [--only GROUP,...] [--rss]
#        (default all, with 1000000 rows; the options are of loads, see loads.py; PENSTOCK names a built program, default
#        build-test/plain/penstock or build/penstock)
# SPDX-License-Identifier: Apache-2.0
set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
export TOP LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
for program in "${PENSTOCK:-}" "$TOP/build-test/plain/penstock" "$TOP/build/penstock"; do
    if [ -n "$program" ] && [ -x "$program" ]; then
        PENSTOCK=$program
        break
    fi
done
[ -x "${PENSTOCK:-}" ] || { echo "bench: no penstock; build it (sh examples/quickstart.sh) or set PENSTOCK" >&2; exit 2; }
PENSTOCK=$(readlink -f "$PENSTOCK")
export PENSTOCK
unset PENSTOCK_DB
TESTTMP=$(mktemp -d "${TMPDIR:-/tmp}/penstock-bench.XXXXXX") || exit 1
export TESTTMP
chmod 711 "$TESTTMP"
finish() {
    for server in server postgresql slow slow-postgresql; do
        sh "$TOP/tests/support/postgres.sh" stop "$TESTTMP/$server" 2>/dev/null
    done
    for server in mariadb slow-mariadb; do
        [ ! -d "$TESTTMP/$server" ] || sh "$TOP/tests/support/mariadb.sh" stop "$TESTTMP/$server" 2>/dev/null
    done
    rm -rf "$TESTTMP"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
sh "$TOP/tests/support/packages.sh" bench || exit 1
what=all
case ${1:-} in
loads | http | all)
    what=$1
    shift
    ;;
esac
if [ "$what" != http ]; then
    python3 "$TOP/tests/bench/loads.py" "$@" || exit
fi
if [ "$what" != loads ]; then
    python3 "$TOP/tests/bench/http_bench.py"
fi
