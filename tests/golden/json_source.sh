#!/bin/sh
# The json source: arrays, pointers, lines and standard input, with Python's json as the oracle; the same rows as of the same CSV.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=5000}"
python3 "$TOP/tests/golden/json_source.py" --rows "$rows"
