#!/bin/sh
# What penstock schema jsonschema accepts, the rules accept, and what it refuses, they refuse: every type and constraint, many values.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema' 2>/dev/null || continue
    "$python" -W ignore "$TOP/tests/golden/jsonschema_records.py"
    exit
done
skip "python3-jsonschema is not installed"
