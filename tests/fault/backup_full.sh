#!/bin/sh
# A full disk during a backup: exit 5, and earlier backups are untouched.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/fault/backup_full.py"
