#!/bin/sh
# kill -9 at any moment of a replay, again and again, then once to its end: rows, resolved rejects, attempts and books agree after each.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
# Fails below this number of replays that died before their end, for each database; some of them at their COMMIT or behind it.
kills=${PENSTOCK_TEST_FULL:+150}
: "${kills:=8}"
rejects=${PENSTOCK_TEST_FULL:+2000}
: "${rejects:=200}"
need python3
need_penstock
python3 "$TOP/tests/fault/mend_kill.py" "$kills" "$rejects"
