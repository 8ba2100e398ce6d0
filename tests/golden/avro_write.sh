#!/bin/sh
# Avro files hold what other implementations read as the same values: python3-avro every type and codec, avrocat the count, avsc (npm) with --full.
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
if [ -n "$PENSTOCK_TEST_FULL" ]; then
    if command -v node >/dev/null && command -v npm >/dev/null; then
        (mkdir "$TESTTMP/js" && cd "$TESTTMP/js" && npm install --no-audit --no-fund --silent avsc@5 >/dev/null 2>"$TESTTMP/npm") ||
            { echo "avsc was not read with: npm could not install it"; rm -rf "$TESTTMP/js"; }
    else
        echo "avsc was not read with: node or npm is not installed"
    fi
fi
exec "$python" "$TOP/tests/golden/avro_write.py" "$rows"
