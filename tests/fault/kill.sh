#!/bin/sh
# kill -9 at random moments of a load, again and again, then once to its end: equal to a load that nobody disturbed.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
# Fails below this number of kills that met a living process, for each database and each way to commit.
kills=${PENSTOCK_TEST_FULL:+200}
: "${kills:=10}"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=20000}"
loads=${PENSTOCK_TEST_FULL:+20}
: "${loads:=1}"
# One of the loads has this many rows.
large=${PENSTOCK_TEST_FULL:+1000000}
: "${large:=$rows}"
# The ways of writing: "every" one in pieces and once, some ("copy,unnest"), or the "best" of each database, and the portable one in pieces.
ways=${PENSTOCK_TEST_FULL:+every}
: "${ways:=best}"
# A share of the rows, so that there are some forty commits in a load.
piece=${PENSTOCK_TEST_FULL:+5000}
: "${piece:=500}"
need python3
need_penstock
python3 "$TOP/tests/fault/kill.py" --kills "$kills" --rows "$rows" --loads "$loads" --large "$large" --piece "$piece" --ways "$ways"
