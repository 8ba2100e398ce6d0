#!/bin/sh
# A backup with a record removed, a value changed, a block cut or a bit flipped: verify finds it, and a restore over a full table moves nothing.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+20000}
: "${rows:=2000}"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/fault/backup_damage.py" --rows "$rows"
