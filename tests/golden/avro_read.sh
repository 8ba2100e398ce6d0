#!/bin/sh
# Avro files of python3-avro become the rows that Python knows them to hold: every type, codecs, nested values, other names, bad values as rejects,
# flipped bits as damage, and a run that met damage goes on once the file is mended.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
rows=${PENSTOCK_TEST_FULL:+20000}
: "${rows:=1500}"
# A Python that is not Debian's own does not see Debian's packages.
for python in python3 /usr/bin/python3 none; do
    [ "$python" = none ] || ! "$python" -c 'import avro.datafile, snappy' 2>/dev/null || break
done
[ "$python" != none ] || skip "Python has no avro and snappy (apt-get install python3-avro python3-snappy)"
exec "$python" "$TOP/tests/golden/avro_read.py" "$rows"
