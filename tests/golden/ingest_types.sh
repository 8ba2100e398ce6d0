#!/bin/sh
# Rows of every type over HTTP, with every kind of fault: verdicts written down by hand, and the same answers, rows and rejects on every database.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
python3 "$TOP/tests/golden/ingest_types.py"
