#!/bin/sh
# Dictionaries and files made at random, judged by another implementation: the same rows and the same rejects, whatever the way to commit.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rounds=${PENSTOCK_TEST_FULL:+400}
: "${rounds:=5}"
records=${PENSTOCK_TEST_FULL:+1500}
: "${records:=400}"
need python3
need_penstock
python3 "$TOP/tests/golden/random_tables.py" "$rounds" "$records"
