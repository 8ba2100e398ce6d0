#!/bin/sh
# Rejects are exported, mended as people and spreadsheets do it, and replayed: every row in its table once, every reject with its history.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/mend.py"
