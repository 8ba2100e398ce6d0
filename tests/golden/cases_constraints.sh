#!/bin/sh
# Cases written by hand, on every database: every constraint and missing values.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/cases.py" constraints_
