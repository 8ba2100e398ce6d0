#!/bin/sh
# The orders example: its rows and rejects are those that were written down by hand, on every database; its own tests pass; a backup of it is restored
# elsewhere, after an accident, too, and compare says so.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/orders.py"
