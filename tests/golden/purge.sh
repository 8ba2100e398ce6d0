#!/bin/sh
# penstock purge: what is left is what SQL, written here, says; nothing unresolved goes; pieces let others in between; older tables are brought up first.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
exec python3 "$TOP/tests/golden/purge.py"
