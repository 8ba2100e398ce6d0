#!/bin/sh
# Transforms: what SQLite's SELECT makes of each record alone, as Python's own sqlite3 says; however the records come in batches; for every kind of
# source and over HTTP; what is no work on one record is refused before anything is read; a load that is gone on with is the same.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
PENSTOCK_TEST_ROWS=${PENSTOCK_TEST_FULL:+200000}
: "${PENSTOCK_TEST_ROWS:=4000}"
export PENSTOCK_TEST_ROWS
python3 "$TOP/tests/golden/transform.py"
