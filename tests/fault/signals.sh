#!/bin/sh
# SIGINT and SIGTERM: clean rollback, 130 and 143, and the next run goes on.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=40000}"
times=${PENSTOCK_TEST_FULL:+20}
: "${times:=3}"
need python3
need_penstock
python3 "$TOP/tests/fault/signals.py" "$rows" "$times"
