#!/bin/sh
# SQLite: a table with every type and every kind of row that only the database refuses, by each way that rows can go: the same table and
# the same rejects, value for value.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=20000}"
need python3
need_penstock
python3 "$TOP/tests/golden/sqlite_ways.py" "$rows"
