#!/bin/sh
# What is generated from a dictionary: the rules by their ids, and DDL that runs in the database's own shell and makes what a run makes.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/generated.py"
