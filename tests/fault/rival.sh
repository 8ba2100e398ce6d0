#!/bin/sh
# Somebody else writes into the target while a load goes on: their keys are rejects, not errors, and nothing is lost.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=30000}"
need python3
need_penstock
python3 "$TOP/tests/fault/rival.py" "$rows"
