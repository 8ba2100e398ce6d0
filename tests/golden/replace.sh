#!/bin/sh
# mode: replace: one transaction over all tables, parents that children reference, cascades refused, rows that are the same left alone.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/golden/replace.py"
