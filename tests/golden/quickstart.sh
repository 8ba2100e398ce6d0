#!/bin/sh
# examples/quickstart.sh migrates the sample into a new database, twice in a row, and the books are those of the generator.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
need sqlite3

mkdir "$TESTTMP/tree"
cp -R "$TOP/examples" "$TOP/pipelines" "$TESTTMP/tree/"
export PENSTOCK
for time in first second; do
    expect_exit 0 sh "$TESTTMP/tree/examples/quickstart.sh"
    db=$(sqlite_connection "$TESTTMP/tree/build/quickstart.db")
    # What the generator wrote down when it made the files.
    while read -r kind name number; do
        case $kind.$name in
        count.*.written) got=$(sql "$db" "SELECT count(*) FROM ${name%.written}") ;;
        rule.*) got=$(sql "$db" "SELECT count(*) FROM penstock_rejects WHERE rule = '$name'") ;;
        *) continue ;;
        esac
        expect_eq "$got" "$number" "$time time, $kind $name"
    done <"$TOP/examples/hr/data/expected.txt"
    sql "$db" "SELECT record_no, line_no, byte_offset, field, code, rule FROM penstock_rejects ORDER BY record_no" |
        tr '|' ',' >"$TESTTMP/rejects"
    sed 1d "$TOP/examples/hr/data/expected-rejects.csv" >"$TESTTMP/expected"
    expect_same "$TESTTMP/rejects" "$TESTTMP/expected" "$time time, the rejects"
done
expect_in "$TESTTMP/out" "hired_employees"
expect_in "$TESTTMP/out" "== Next"
