#!/bin/sh
# Tables of many columns, within what the database holds: every statement stays below the limits of its parameters.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+5000}
: "${rows:=300}"
need python3
need_penstock
python3 "$TOP/tests/golden/wide.py" "$rows"
