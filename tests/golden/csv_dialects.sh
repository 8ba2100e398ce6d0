#!/bin/sh
# CSV as found: dialects written out by hand, others written by Python's csv, the files of csv-spectrum, ragged records, headers, mistakes in options.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
rows=${PENSTOCK_TEST_FULL:+20000}
: "${rows:=400}"
python3 "$TOP/tests/golden/csv_dialects.py" --rows "$rows"
