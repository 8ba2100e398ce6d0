#!/bin/sh
# Two steps that bring one table of the dictionary into two tables of the database: each looks for keys in its own.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/two_targets.py"
