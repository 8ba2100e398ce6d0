#!/bin/sh
# The connection to PostgreSQL or MariaDB breaks around a COMMIT: before it arrives, or with its answer lost. Nothing lost, nothing doubled.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=2000
# How many of a load's commits are hit in each way; 0: every one.
sample=${PENSTOCK_TEST_FULL:+0}
: "${sample:=5}"
# Fails below this number of lost commits, of each database.
least=${PENSTOCK_TEST_FULL:+60}
: "${least:=20}"
need python3
need_penstock
python3 "$TOP/tests/fault/lost_commit.py" "$rows" "$sample" "$least"
