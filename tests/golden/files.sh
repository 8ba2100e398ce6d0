#!/bin/sh
# Several files as one source: globs and lists in a stable order, each file known by its content, its name as a field, and interrupted loads of them;
# Python says which files there are and what is in them.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
rows=${PENSTOCK_TEST_FULL:+20000}
: "${rows:=700}"
python3 "$TOP/tests/golden/files.py" --rows "$rows"
