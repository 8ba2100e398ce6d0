#!/bin/sh
# Steps into files find their parents among the rows that earlier steps of the run wrote, at any number of them; where none could, validate says so.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
rows=3000
[ -z "${PENSTOCK_TEST_FULL:-}" ] || rows=60000
need python3
need_penstock
PENSTOCK_TEST_ROWS=$rows python3 "$TOP/tests/golden/file_parents.py"
