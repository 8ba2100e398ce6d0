#!/bin/sh
# rejects list shows the newest, in the order in which they were stored, and how many it does not show.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock
for kind in $(databases); do
    PENSTOCK_DB=$(newdb "$kind") || exit 1
    export PENSTOCK_DB
    data=$TESTTMP/$kind
    mkdir "$data"
    cp examples/hr/data/*.csv "$data"
    # 60 jobs without a name
    i=0
    while [ $i -lt 60 ]; do
        echo "$((1000 + i)),"
        i=$((i + 1))
    done >"$data/jobs.csv"
    expect_exit 0 "$PENSTOCK" run pipelines/migrate.yaml --step departments --set "data=$data"
    expect_exit 0 "$PENSTOCK" run pipelines/migrate.yaml --step jobs --set "data=$data"
    all() {
        "$PENSTOCK" rejects list --json "$@" 2>"$TESTTMP/said" | python3 -c 'import json, sys
print(*[json.loads(line)["record_no"] for line in sys.stdin])'
    }
    expect_eq "$(all)" "$(seq -s ' ' 11 60)" "$kind: the newest 50"
    grep -q "newest 50; 10 older ones are not shown" "$TESTTMP/said" || fail "$kind: $(cat "$TESTTMP/said")"
    expect_eq "$(all --limit 2)" "59 60" "$kind: the newest 2"
    expect_eq "$(all --limit 60 --table jobs)" "$(seq -s ' ' 1 60)" "$kind: all"
    [ ! -s "$TESTTMP/said" ] || fail "$kind: $(cat "$TESTTMP/said")"
    expect_eq "$(all --limit 1000000)" "$(seq -s ' ' 1 60)" "$kind: a limit beyond"
    expect_eq "$(all --table departments)" "" "$kind: none"
done
