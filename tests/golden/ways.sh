#!/bin/sh
# Rows of every type with every kind of fault that only the database finds, by each way of writing them: the same tables, the same rejects.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=20000}"
# Rows of a table of which one in a thousand is refused, by the database alone.
many=${PENSTOCK_TEST_FULL:+1000000}
: "${many:=20000}"
need python3
need_penstock
python3 "$TOP/tests/golden/ways.py" "$rows" "$many"
