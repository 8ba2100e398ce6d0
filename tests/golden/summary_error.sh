#!/bin/sh
# --json: the summary of what failed says why, also where no run began.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
exec python3 "$TOP/tests/golden/summary_error.py"
