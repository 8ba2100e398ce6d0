#!/bin/sh
# Dictionaries and requests made at random, judged by another implementation: the same verdicts, rejects and rows on every database.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rounds=${PENSTOCK_TEST_FULL:+150}
: "${rounds:=4}"
rows=${PENSTOCK_TEST_FULL:+400}
: "${rows:=60}"
need python3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
python3 "$TOP/tests/golden/ingest_random.py" "$rounds" "$rows"
