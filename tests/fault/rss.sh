#!/bin/sh
# Peak memory does not grow with the number of rows, of loads, backups and restores: within 10% at ten times as many, and never above 64 MiB.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+1000000}
: "${rows:=30000}"
need python3
need_penstock
python3 "$TOP/tests/fault/rss.py" "$rows"
