#!/bin/sh
# The http source against servers that fail, lie, stall, loop and lead astray: no row twice, none of a part, no secret told, an end in time.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 openssl
need_penstock
"$PENSTOCK" version | grep -q '^libcurl  *[0-9]' || skip "this build has no libcurl"
rows=${PENSTOCK_TEST_FULL:+3000000}
: "${rows:=150000}"
for program in "$PENSTOCK" "$PENSTOCK_SAN"; do
    # The databases of the program before have the same names.
    rm -rf "${TESTTMP:?}"/*
    PENSTOCK=$program python3 "$TOP/tests/fault/http_pull.py" "$rows" || exit 1
    [ "$PENSTOCK" != "$PENSTOCK_SAN" ] || break
done
