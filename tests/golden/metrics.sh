#!/bin/sh
# /metrics and --metrics-file: what promtool says of them, and figures that are those of the books.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
exec python3 "$TOP/tests/golden/metrics.py"
