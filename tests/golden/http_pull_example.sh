#!/bin/sh
# examples/pull: the hr sample over HTTP, twice in a row; the books are those of the generator.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3
need_penstock
"$PENSTOCK" version | grep -q '^libcurl  *[0-9]' || skip "this build has no libcurl"

HR_API_TOKEN=only-an-example
PENSTOCK_DB="Driver=SQLite3;Database=$TESTTMP/hr.db"
export HR_API_TOKEN PENSTOCK_DB
python3 "$TOP/examples/pull/server.py" 0 >"$TESTTMP/port" &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ ! -s "$TESTTMP/port" ] || break
    sleep 0.2
done
port=$(cat "$TESTTMP/port")
[ -n "$port" ] || fail "the service does not start"

expect_exit 0 "$PENSTOCK" check "$TOP/examples/pull/pull.yaml" --set "api=http://127.0.0.1:$port"
for again in first second; do
    expect_exit 0 "$PENSTOCK" run "$TOP/examples/pull/pull.yaml" --set "api=http://127.0.0.1:$port" --json
    cp "$TESTTMP/out" "$TESTTMP/summary"
    number=0
    for table in departments jobs hired_employees; do
        for what in read written rejected; do
            wanted=$(sed -n "s/^count $table.$what //p" "$TOP/examples/hr/data/expected.txt")
            expect_eq "$(json "$TESTTMP/summary" "steps.$number.$what")" "$wanted" "$again run: $table $what"
        done
        expect_eq "$(sqlite3 "$TESTTMP/hr.db" "select count(*) from $table")" "$(sed -n "s/^count $table.written //p" "$TOP/examples/hr/data/expected.txt")" "rows of $table"
        number=$((number + 1))
    done
done
grep -q only-an-example "$TESTTMP/err" "$TESTTMP/summary" && fail "the token is shown"
HR_API_TOKEN=another expect_exit 4 "$PENSTOCK" run "$TOP/examples/pull/pull.yaml" --set "api=http://127.0.0.1:$port"
expect_in "$TESTTMP/err" "/v1/departments page 1: status 401"
unset HR_API_TOKEN
expect_exit 2 "$PENSTOCK" validate "$TOP/examples/pull/pull.yaml"
expect_in "$TESTTMP/err" "set HR_API_TOKEN"
