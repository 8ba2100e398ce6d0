#!/bin/sh
# The session of a killed run goes later than its name: the next run waits for it, and the books of both still add up.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=2000
need python3
need_penstock
[ -n "${PENSTOCK_TEST_PG_DIR:-}${PENSTOCK_TEST_MARIADB_DIR:-}" ] || skip "no server was started (run through tests/run.sh)"
python3 "$TOP/tests/fault/late_session.py" "$rows"
