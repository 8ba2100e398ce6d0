#!/bin/sh
# What the console is made of: its files from memory, and the paths that it asks, held against SQL and against the files that were loaded.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need sqlite3
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
exec python3 "$TOP/tests/golden/console_api.py"
