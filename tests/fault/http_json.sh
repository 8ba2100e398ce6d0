#!/bin/sh
# JSONTestSuite and JSON of any depth as bodies of requests: 400 for what is none, by the plain build and by the one with the sanitizers.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
suite=${PENSTOCK_SHARED:-$TOP/../shared}/suites/JSONTestSuite/test_parsing
[ -d "$suite" ] || skip "JSONTestSuite is not here (nst/JSONTestSuite beside the checkout, in shared/suites)"
for PENSTOCK in "$PENSTOCK" "$PENSTOCK_SAN"; do
    export PENSTOCK
    python3 "$TOP/tests/fault/http_json.py" "$suite" || exit
done
