#!/bin/sh
# CSV and JSON that penstock writes: what Python's csv and json read is what the database holds, byte for byte, whatever the delimiter and the
# quote; penstock itself reads it back equal; standard output holds rows and nothing else; a file appears complete or not at all.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
PENSTOCK_TEST_ROWS=${PENSTOCK_TEST_FULL:+20000}
: "${PENSTOCK_TEST_ROWS:=600}"
export PENSTOCK_TEST_ROWS
python3 "$TOP/tests/golden/text_sinks.py"
