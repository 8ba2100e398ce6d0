#!/bin/sh
# penstock schedule: the next times of cron expressions in zones whose clocks change, held against a walk over minutes in Python and against systemd.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
exec python3 "$TOP/tests/golden/schedule.py"
