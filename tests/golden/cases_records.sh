#!/bin/sh
# Cases written by hand, on every database: what a record is: blank, ragged, quoted, too long, not UTF-8; where it stands.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/cases.py" records_
