#!/bin/sh
# A source that cannot be read from some byte on: exit 4 with the file and the byte; the rerun ends as if nothing had been.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=${PENSTOCK_TEST_FULL:+300000}
: "${rows:=40000}"
need python3
need_penstock
python3 "$TOP/tests/fault/read_error.py" "$rows"
