#!/bin/sh
# The scheduler of penstock serve: a backup by the clock each minute, proven; overlap, missed times and on_failure, with a clock that jumps.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
exec python3 "$TOP/tests/golden/scheduled.py"
