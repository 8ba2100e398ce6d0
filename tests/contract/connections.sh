#!/bin/sh
# Connection strings that cannot be meant end every command before anything is made, and no secret is repeated.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need_penstock

cd "$TESTTMP"
cat >d.yaml <<'END'
name: d
resources:
  - name: t
    schema: { fields: [{ name: id, type: integer }], primaryKey: id }
END
cat >p.yaml <<'END'
version: 1
dictionary: d.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
source: { type: csv, path: t.csv, header: false }
sink: { type: odbc, connection: db, table: t, create: true }
END
echo 1 >t.csv
before=$(ls)

refused() { # STATUS CONNECT WORDS
    for command in run check plan "run --dry-run"; do
        status=0
        # shellcheck disable=SC2086 # a command is several words
        PENSTOCK_DB=$2 "$PENSTOCK" $command p.yaml >"$TESTTMP/.out" 2>&1 || status=$?
        expect_eq "$status" "$1" "$command with $2: exit status"
        grep -qF "$3" "$TESTTMP/.out" || fail "$command with $2 does not say '$3': $(cat "$TESTTMP/.out")"
        ! grep -q hunter2 "$TESTTMP/.out" || fail "$command repeats a password"
    done
    expect_eq "$(ls)" "$before" "files after $2"
}
refused 2 'Driver=SQLite3;Databse=x.db;Pwd=hunter2' 'is "Databse" a misspelling'
refused 2 'Driver=SQLite3' 'add Database=FILE'
refused 2 'Driver=SQLite3;Database=:memory:' 'in memory'
refused 5 'Driver=SQLite4;Database=new.db' 'SQLite4'
refused 5 "Driver=SQLite3;Database=$TESTTMP/no/such/folder/x.db" 'No such file or directory'
