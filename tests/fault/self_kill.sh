#!/bin/sh
# Death at the n-th call that writes something while a table that refers to itself is loaded, records in any order: all of it is there or nothing, and the next run is right.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
records=${PENSTOCK_TEST_FULL:+3000}
: "${records:=600}"
# How many points are taken, spread evenly over the load; fails below half of them, for each database and each kind of table.
points=${PENSTOCK_TEST_FULL:+150}
: "${points:=5}"
need python3
need_penstock
python3 "$TOP/tests/fault/self_kill.py" "$records" "$points"
