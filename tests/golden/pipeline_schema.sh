#!/bin/sh
# JSON Schema of pipeline files and the program accept and refuse the same files: those of the tests, the shipped ones, and mutations of them.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
mutations=${PENSTOCK_TEST_FULL:+10000}
: "${mutations:=1200}"
"$PENSTOCK" schema pipeline >"$TESTTMP/pipeline.schema.json" || fail "penstock schema pipeline"
expect_same "$TOP/docs/pipeline.schema.json" "$TESTTMP/pipeline.schema.json" "docs/pipeline.schema.json is not what penstock schema pipeline prints: write it anew (penstock schema pipeline >docs/pipeline.schema.json)"
# Editors find the schema by the first line of a file.
for file in $(grep -rlE '^(steps|source):' "$TOP/pipelines" "$TOP/examples" --include=*.yaml); do
    schema=$(sed -n '1s/^# yaml-language-server: \$schema=//p' "$file")
    [ -n "$schema" ] && [ "$(realpath "$(dirname "$file")/$schema")" = "$(realpath "$TOP/docs/pipeline.schema.json")" ] ||
        fail "$file does not name docs/pipeline.schema.json in its first line"
done
for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema, yaml' 2>/dev/null || continue
    "$python" -W ignore "$TOP/tests/golden/pipeline_schema.py" "$TESTTMP/pipeline.schema.json" "$mutations"
    exit
done
skip "python3-jsonschema or python3-yaml is not installed"
