#!/bin/sh
# penstock compare: the same rows in CSV, Avro, a backup, SQLite, PostgreSQL and MariaDB are equal; each change is found, named, and exit 6.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+200000}
: "${rows:=2000}"
large=${PENSTOCK_TEST_FULL:+5000000}
: "${large:=200000}"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/golden/compare.py" --rows "$rows" --large "$large"
