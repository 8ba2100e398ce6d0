#!/bin/sh
# POST /v1/ingest: the rows of the hr example, good and bad, with the verdicts that a person expects; each status; the same answers on every database.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this build has no penstock serve"
python3 "$TOP/tests/golden/ingest.py"
