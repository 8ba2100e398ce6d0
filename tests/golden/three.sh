#!/bin/sh
# Rows with every type and every kind of fault into each database: read back equal, rejected alike; a backup from each into each of the others.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=5000}"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/golden/three.py" "$rows"
