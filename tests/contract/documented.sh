#!/bin/sh
# Every option of every connector stands in docs/pipeline.md, every option of every command in a manual page, every key of a pipeline file in both.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
need python3

: >"$TESTTMP/missing"
expect_exit 0 "$PENSTOCK" connectors
names=$(sed -n 's/^  *\([a-z][a-z_]*\)  .*/\1/p; s/^\([a-z][a-z_]*\)  .*/\1/p' "$TESTTMP/out" | sort -u)
checked=0
for name in csv odbc; do
    case " $(echo $names) " in
    *" $name "*) ;;
    *) echo "penstock connectors does not list $name" >>"$TESTTMP/missing" ;;
    esac
done
for name in $names; do
    "$PENSTOCK" connectors "$name" >"$TESTTMP/out" 2>/dev/null || continue
    for option in $(sed -n '/^  option  /d; s/^  *\([a-z][a-z_]*\)  .*/\1/p' "$TESTTMP/out"); do
        checked=$((checked + 1))
        grep -qF "\`$option\`" "$TOP/docs/pipeline.md" || echo "docs/pipeline.md: $option of $name" >>"$TESTTMP/missing"
    done
done
[ "$checked" -ge 12 ] || fail "only $checked options were seen in the output of penstock connectors NAME"

sed 's/\\-/-/g; s/\\f[A-Z]//g' "$TOP"/man/*.1 >"$TESTTMP/man"
checked=0
for command in run validate test plan check rules "schema ddl" "schema avro" "schema jsonschema" "schema openapi" "schema pipeline" "schema serve" "rejects list" "rejects show" "rejects top" "rejects export" "rejects replay" "runs list" "runs show" purge compare verify discover serve "schedule list" "schedule systemd" "keys new" connectors "completion bash" "completion words" version; do
    "$PENSTOCK" help $command >"$TESTTMP/out" || fail "penstock help $command"
    for option in $(grep -o -e '--[a-z][a-z-]*' "$TESTTMP/out" | sort -u); do
        checked=$((checked + 1))
        grep -qF -e "$option" "$TESTTMP/man" || echo "man: $option of penstock $command" >>"$TESTTMP/missing"
    done
done
[ "$checked" -ge 20 ] || fail "only $checked options were seen in the output of penstock help"

"$PENSTOCK" schema pipeline >"$TESTTMP/schema" || fail "penstock schema pipeline"
# The keys at the top of a pipeline file stand in both of its pages.
checked=0
for key in $(python3 -c 'import json, sys; print(" ".join(json.load(sys.stdin)["properties"]))' <"$TESTTMP/schema"); do
    checked=$((checked + 1))
    grep -qw -e "$key" "$TOP/docs/pipeline.md" || echo "docs/pipeline.md: $key" >>"$TESTTMP/missing"
    sed '/^\.\\"/d' "$TOP/man/penstock-pipeline.5" | grep -qw -e "$key" || echo "man/penstock-pipeline.5: $key" >>"$TESTTMP/missing"
done
[ "$checked" -ge 15 ] || fail "only $checked keys were seen in the schema of pipeline files"

[ ! -s "$TESTTMP/missing" ] || {
    cat "$TESTTMP/missing"
    fail "not documented"
}
