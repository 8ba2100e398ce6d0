#!/bin/sh
# Reading PostgreSQL by COPY: every type with its limits and with what no field takes, held against fetching and against psql; bound values;
# readings that end early, by a limit, an error, a signal, a lost session; what is done where COPY is not possible.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+50000}
: "${rows:=2000}"
need python3
need_penstock
need_postgres
python3 "$TOP/tests/golden/read_copy.py" "$rows"
