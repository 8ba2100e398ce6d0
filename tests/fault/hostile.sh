#!/bin/sh
# Files made to break readers: enormous fields, a million columns, quotes that never close. Memory stays flat, the rest is loaded.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
mib=${PENSTOCK_TEST_FULL:+1024}
: "${mib:=32}"
columns=1000000
rows=${PENSTOCK_TEST_FULL:+1000000}
: "${rows:=100000}"
need python3
need_penstock
python3 "$TOP/tests/fault/hostile.py" "$mib" "$columns" "$rows"
