#!/bin/sh
# Dictionaries and pipeline files with bytes and values changed at random: each is accepted or refused with a message; no crash, no hang.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
files=${PENSTOCK_TEST_FULL:+10000}
: "${files:=600}"
python3 "$TOP/tests/fault/mutated_files.py" "$files"
