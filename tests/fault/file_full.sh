#!/bin/sh
# A full disk while a CSV or JSON file is written: exit 5 with the reason, the file of before stays, nothing is left beside it.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/file_full.py"
