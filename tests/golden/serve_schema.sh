#!/bin/sh
# JSON Schema of serve files and the program accept and refuse the same files, written here by hand.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
"$PENSTOCK" schema serve >"$TESTTMP/serve.schema.json" || fail "penstock schema serve"
for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema, yaml' 2>/dev/null || continue
    "$python" -W ignore "$TOP/tests/golden/serve_schema.py" "$TESTTMP/serve.schema.json"
    exit
done
skip "python3-jsonschema or python3-yaml is not installed"
