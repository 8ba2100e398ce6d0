#!/bin/sh
# COPY into PostgreSQL: values of every type in every column that takes them, as single INSERTs write them; where it is not possible, and what is
# done then; what the environment says, and what a signal does.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+100000}
: "${rows:=3000}"
need python3
need_penstock
need_postgres
python3 "$TOP/tests/golden/write_copy.py" "$rows"
