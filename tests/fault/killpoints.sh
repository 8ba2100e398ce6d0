#!/bin/sh
# Death at the n-th call that writes something, for n = 1, 2, 3, ... of a whole load: equal to a load that nobody disturbed.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=2000
# How many of the points are taken, spread evenly over the load, for the best way to write of each database and each way to commit; 0: every one.
sample=${PENSTOCK_TEST_FULL:+0}
: "${sample:=14}"
# How many for its other ways to write; none: they are left out.
others=${PENSTOCK_TEST_FULL:+120}
: "${others:=none}"
# Fails below this number of distinct points, for each database, way to write and way to commit.
least=${PENSTOCK_TEST_FULL:+100}
: "${least:=12}"
need python3
need_penstock
python3 "$TOP/tests/fault/killpoints.py" "$rows" "$sample" "$others" "$least"
