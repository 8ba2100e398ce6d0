#!/bin/sh
# A source that grows, shrinks or is replaced while it is being read: exit 2 or 4, what is visible is whole, and --restart or the old file mends it.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+500000}
: "${rows:=120000}" # more than is read ahead, which is some 65,000
need python3
need_penstock
python3 "$TOP/tests/fault/changing.py" "$rows"
