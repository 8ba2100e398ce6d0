#!/bin/sh
# What a request must not be - foreign, unknown, too large, malformed - is refused with its status, as a problem.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
for PENSTOCK in "$PENSTOCK" "$PENSTOCK_SAN"; do
    export PENSTOCK
    python3 "$TOP/tests/fault/http_refused.py" || exit
done
