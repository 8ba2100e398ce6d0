#!/bin/sh
# What the csv sink writes reads back equal, whatever its cells hold: by Python's csv module, and by the csv source.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 zstd
need_penstock
rounds=${PENSTOCK_TEST_FULL:+200}
: "${rounds:=12}"
python3 "$TOP/tests/golden/csv_back.py" --rounds "$rounds"
