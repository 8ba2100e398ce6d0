#!/bin/sh
# Several pipelines load the same file into the same table at once: every record is a row once, and for the others a reject of its key.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+100000}
: "${rows:=10000}"
need python3
need_penstock
python3 "$TOP/tests/fault/together.py" "$rows"
