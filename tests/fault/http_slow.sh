#!/bin/sh
# Clients that are slow, idle or gone are dropped in time, and good requests are answered within a second beside them.
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
idle=1000
need python3
need_penstock
for build in "$PENSTOCK" "$PENSTOCK_SAN"; do
    folder=$(mktemp -d "$TESTTMP/XXXXXX") || exit
    PENSTOCK=$build TESTTMP=$folder python3 "$TOP/tests/fault/http_slow.py" "$idle" || exit
done
