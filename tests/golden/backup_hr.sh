#!/bin/sh
# pipelines/backup.yaml on the hr example: python3-avro reads every row back, the manifest tells the truth, and what fails leaves no backup.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
# A Python that is not Debian's own does not see Debian's packages.
for python in python3 /usr/bin/python3 none; do
    [ "$python" = none ] || ! "$python" -c 'import avro.datafile, snappy' 2>/dev/null || break
done
[ "$python" != none ] || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
exec "$python" "$TOP/tests/golden/backup_hr.py"
