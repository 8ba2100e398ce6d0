#!/bin/sh
# kill -9 at many moments of a backup and of a restore: no visible partial file, the old tables intact, the rerun right.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
# Fails below this number of kills that met a living process, for each database, of the backup and of the restore.
kills=${PENSTOCK_TEST_FULL:+100}
: "${kills:=10}"
rows=${PENSTOCK_TEST_FULL:+50000}
: "${rows:=3000}"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/fault/backup_kill.py" --kills "$kills" --rows "$rows"
