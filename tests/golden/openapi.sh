#!/bin/sh
# /openapi.json by independent judges, and answers of the service held against it.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
"$PENSTOCK" help serve >/dev/null 2>&1 || skip "this penstock has no HTTP service"
schema=/usr/share/openapi-specification/schemas/v3.0/schema.json
[ -f "$schema" ] || skip "openapi-specification is not installed"
for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema' 2>/dev/null || continue
    "$python" -W ignore "$TOP/tests/golden/openapi.py" "$schema"
    exit
done
skip "python3-jsonschema is not installed"
