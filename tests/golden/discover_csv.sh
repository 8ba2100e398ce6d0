#!/bin/sh
# penstock discover csv: dialects, encodings and types of files that Python writes at random or that are written by hand; every dictionary validates,
# and its pipeline loads the file without a reject, as Python's csv and decimal read it. The hr data and csv-spectrum, where they are at hand. Hostile files.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 gzip
need_penstock
files=${PENSTOCK_TEST_FULL:+600}
: "${files:=40}"
python3 "$TOP/tests/golden/discover_csv.py" --files "$files"
