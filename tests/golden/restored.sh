#!/bin/sh
# A backup that stops rather than rounds, and a restore that answers for what the tables hold and for what was loaded since.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/golden/restored.py"
