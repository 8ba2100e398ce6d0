#!/bin/sh
# Cases written by hand, on every database: primary, unique and foreign keys, in one file, in the target, over several steps.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/cases.py" keys_
