#!/bin/sh
# SIGHUP: keys and pipelines are read anew while 16 clients send rows; not one request fails, every acknowledged row is there once, a run goes on.
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
seconds=${PENSTOCK_TEST_FULL:+30}
: "${seconds:=4}"
need python3
need_penstock
for build in "$PENSTOCK" "$PENSTOCK_SAN"; do
    folder=$(mktemp -d "$TESTTMP/XXXXXX") || exit
    chmod 711 "$folder"
    PENSTOCK=$build TESTTMP=$folder python3 "$TOP/tests/fault/http_reload.py" "$seconds" || exit
done
