#!/bin/sh
# PostgreSQL itself dies (kill -9 of the server and all its children) under a load and comes back: nothing lost, nothing doubled.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
# Fails below this number of deaths of the server while penstock was connected.
kills=${PENSTOCK_TEST_FULL:+20}
: "${kills:=2}"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=20000}"
need python3
need_penstock
need_postgres
python3 "$TOP/tests/fault/pgkill.py" "$kills" "$rows"
