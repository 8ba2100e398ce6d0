#!/bin/sh
# penstock discover: dictionaries of databases and Avro files validate and run, and say what a person reads in their definitions.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/golden/discover.py"
