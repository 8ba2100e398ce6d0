#!/bin/sh
# Key sets that find no room in memory, in one transaction: looked up instead, with the same verdicts.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=20000}"
need python3
need_penstock
python3 "$TOP/tests/golden/probed.py" "$rows"
