#!/bin/sh
# A run that was given up for dead wakes up after another one took its step over: it is fenced off, and nothing is doubled.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=30000}"
# How often, at different moments of the load, for each way to commit.
times=${PENSTOCK_TEST_FULL:+10}
: "${times:=2}"
need python3
need_penstock
need_postgres
python3 "$TOP/tests/fault/zombie.py" "$rows" "$times"
