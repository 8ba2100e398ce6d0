#!/bin/sh
# Migrate, back up, drop, restore, compare: the real data and rows of every type, from each database into each.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+1000000}
: "${rows:=3000}"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
data="$TOP/../shared/data/hr"
[ -d "$data" ] || data=examples/hr/data
"$python" "$TOP/tests/golden/roundtrip.py" --rows "$rows" --data "$data"
