#!/bin/sh
# Measures penstock against what a user would pick instead, side by side in one run, and prints ratios; never fails for being slow.
# usage: sh tests/bench/run.sh [ROWS | http]   (1000000 rows, and what http alone does: rows over HTTP;
#        PENSTOCK names a built program, default build-test/plain/penstock or build/penstock)
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
    for server in server slow; do
        sh "$TOP/tests/support/postgres.sh" stop "$TESTTMP/$server" 2>/dev/null
    done
    rm -rf "$TESTTMP"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
sh "$TOP/tests/support/packages.sh" bench || exit 1
if [ "${1:-}" != http ]; then
    python3 "$TOP/tests/bench/bench.py" "${1:-1000000}" || exit
fi
python3 "$TOP/tests/bench/http_bench.py"
