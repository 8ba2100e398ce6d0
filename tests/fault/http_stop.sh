#!/bin/sh
# SIGTERM under load: whoever was accepted is answered, exit 0; a second signal cancels.
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rounds=${PENSTOCK_TEST_FULL:+20}
: "${rounds:=2}"
need python3
need_penstock
for build in "$PENSTOCK" "$PENSTOCK_SAN"; do
    folder=$(mktemp -d "$TESTTMP/XXXXXX") || exit
    PENSTOCK=$build TESTTMP=$folder python3 "$TOP/tests/fault/http_stop.py" "$rounds" || exit
done
