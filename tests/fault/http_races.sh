#!/bin/sh
# All kinds of requests at once, and SIGTERM in the middle: nothing acknowledged is lost, and (with --full) ThreadSanitizer sees no race.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
seconds=${PENSTOCK_TEST_FULL:+60}
: "${seconds:=5}"
need python3
need_penstock
for PENSTOCK in "$PENSTOCK_SAN" ${PENSTOCK_TSAN:+"$PENSTOCK_TSAN"}; do
    export PENSTOCK
    python3 "$TOP/tests/fault/http_races.py" "$seconds" || exit
done
