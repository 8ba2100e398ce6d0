#!/bin/sh
# Tables that refer to themselves: rows in any order, on each database, by each way and mode, as a model in Python says.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
records=${PENSTOCK_TEST_FULL:+2000}
: "${records:=150}"
long=${PENSTOCK_TEST_FULL:+100000}
: "${long:=15000}"
need python3
need_penstock
python3 "$TOP/tests/golden/self_references.py" "$records" "$long"
