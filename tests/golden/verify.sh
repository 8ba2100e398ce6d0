#!/bin/sh
# penstock verify: a good backup is verified and proven; a record removed, a value changed, a block cut, a bit flipped, files missing or added are found.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+100000}
: "${rows:=2000}"
flips=${PENSTOCK_TEST_FULL:+400}
: "${flips:=25}"
python=$(avro_python) || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
need_penstock
"$python" "$TOP/tests/golden/verify.py" --rows "$rows" --flips "$flips"
