#!/bin/sh
# Two runs of one step at once: the second exits 7 and names the holder, whatever the first is doing.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/two_runs.py"
