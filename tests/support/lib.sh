# Small helpers for test scripts; a test begins with:  . "$TOP/tests/support/lib.sh"
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# Run by hand, a test gets what tests/run.sh would give it, as far as that goes:
#   PENSTOCK=build/penstock sh tests/golden/NAME.sh
# Values are given back on stdout, so that  db=$(pg_newdb)  works; everything that fails ends the test.

set -u
export LC_ALL=C.UTF-8 TZ=UTC

: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${PENSTOCK:=$TOP/build/penstock}"
: "${PENSTOCK_SAN:=$PENSTOCK}"
: "${PENSTOCK_TEST_FULL:=}"
export TOP PENSTOCK PENSTOCK_SAN PENSTOCK_TEST_FULL
if [ -z "${TESTTMP:-}" ]; then
    TESTTMP=$(mktemp -d "${TMPDIR:-/tmp}/penstock-test.XXXXXX")
    export TESTTMP
    chmod 711 "$TESTTMP"
    trap 'rm -rf "$TESTTMP"' EXIT
fi

fail() {
    echo "FAIL: $*" >&2
    exit 1
}
skip() {
    echo "skipped: $*"
    exit 77
}

# expect_eq GOT WANTED WHAT
expect_eq() {
    [ "$1" = "$2" ] || fail "$3: wanted '$2', got '$1'"
}
# expect_exit STATUS COMMAND...: runs it; stdout and stderr are left in $TESTTMP/out and $TESTTMP/err.
expect_exit() {
    expect_status=$1
    shift
    got_status=0
    "$@" >"$TESTTMP/out" 2>"$TESTTMP/err" </dev/null || got_status=$?
    [ "$got_status" -eq "$expect_status" ] || {
        tail -n 20 "$TESTTMP/out" "$TESTTMP/err" >&2
        fail "wanted exit $expect_status, got $got_status: $*"
    }
}
# expect_in FILE STRING: a fixed string, anywhere in the file.
expect_in() {
    grep -qF -e "$2" "$1" || {
        tail -n 20 "$1" >&2
        fail "$1 does not hold: $2"
    }
}
# expect_same FILE_GOT FILE_WANTED WHAT
expect_same() {
    diff -u "$2" "$1" >"$TESTTMP/diff" || {
        head -n 40 "$TESTTMP/diff" >&2
        fail "$3: differs (- wanted, + got)"
    }
}
need() {
    for tool; do
        command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed"
    done
}
need_penstock() {
    [ ! -x "$PENSTOCK" ] || return 0
    # Within tests/run.sh it was built a minute ago.
    [ -z "${PENSTOCK_BUILD_DIR:-}" ] || fail "there is no penstock at $PENSTOCK"
    skip "there is no penstock at $PENSTOCK"
}

# json FILE PATH: one value of a JSON document, as text; PATH like steps.2.rejects_by_rule, or with / between the parts
# when a name itself holds dots: /steps/2/rejects_by_rule/hired_employees.name.required
json() {
    python3 - "$1" "$2" <<'END' || fail "no $2 in $1"
import json, sys
doc = json.load(open(sys.argv[1]))
path = sys.argv[2]
parts = path[1:].split("/") if path.startswith("/") else path.split(".")
for part in parts:
    doc = doc[int(part)] if isinstance(doc, list) else doc[part]
if isinstance(doc, (dict, list)):
    print(json.dumps(doc, sort_keys=True, separators=(",", ":")))
elif isinstance(doc, bool) or doc is None:
    print(json.dumps(doc))
else:
    print(doc)
END
}

# --- SQLite ---------------------------------------------------------------------------------------
# sqlite_connection FILE: its ODBC connection string.
sqlite_connection() {
    echo "Driver=SQLite3;Database=$1"
}
# sqlite_newdb: the connection string of a file that does not exist yet.
sqlite_newdb() {
    sqlite_connection "$(mktemp -u "$TESTTMP/sqlite.XXXXXX").db"
}

# --- PostgreSQL -----------------------------------------------------------------------------------
# The server that run.sh started for all tests; tests that kill a server start their own with postgres.sh.
need_postgres() {
    [ -n "${PENSTOCK_TEST_PG_DIR:-}" ] || skip "no PostgreSQL was started (run through tests/run.sh)"
}
postgres() {
    sh "$TOP/tests/support/postgres.sh" "$@"
}
# pg_newdb [SERVER_FOLDER]: makes an empty database and prints its connection string.
pg_newdb() {
    pg_dir=${1:-$PENSTOCK_TEST_PG_DIR}
    pg_name=$(printf 't_%s_%s' "$$" "$(od -An -N 6 -tx1 /dev/urandom | tr -d ' \n')")
    postgres psql "$pg_dir" postgres -c "create database $pg_name" >/dev/null || fail "cannot create a database"
    postgres connect "$pg_dir" "$pg_name"
}

# --- MariaDB --------------------------------------------------------------------------------------
# The server that run.sh started for all tests; tests that kill a server start their own with mariadb.sh.
need_mariadb() {
    [ -n "${PENSTOCK_TEST_MARIADB_DIR:-}" ] || skip "no MariaDB was started (run through tests/run.sh)"
}
mariadb_server() {
    sh "$TOP/tests/support/mariadb.sh" "$@"
}
# mariadb_newdb [SERVER_FOLDER]: makes an empty database and prints its connection string.
mariadb_newdb() {
    mariadb_dir=${1:-$PENSTOCK_TEST_MARIADB_DIR}
    mariadb_name=$(printf 't_%s_%s' "$$" "$(od -An -N 6 -tx1 /dev/urandom | tr -d ' \n')")
    mariadb_server sql "$mariadb_dir" mysql -e "create database $mariadb_name" >/dev/null || fail "cannot create a database"
    mariadb_server connect "$mariadb_dir" "$mariadb_name"
}

# --- any database ------------------------------------------------------------------------------
connection_part() {
    printf '%s\n' "$1" | tr ';' '\n' | sed -n "s/^$2=//p" | sed -n 1p
}
# sql CONNECTION STATEMENT...: runs it with the database's own shell; columns are separated by |, null is empty.
sql() {
    sql_connection=$1
    shift
    [ -n "$sql_connection" ] || fail "sql: no connection"
    case $sql_connection in
    *MariaDB*)
        for statement; do
            # NULL, and what the shell escapes, are words of its output: it is read as XML.
            MYSQL_PWD=$(connection_part "$sql_connection" Pwd) mariadb --no-defaults --default-character-set=utf8mb4 --xml \
                -h "$(connection_part "$sql_connection" Server)" -P "$(connection_part "$sql_connection" Port)" \
                -u "$(connection_part "$sql_connection" Uid)" -D "$(connection_part "$sql_connection" Database)" \
                -e "set sql_mode=concat(@@sql_mode, ',ansi_quotes'); $statement" >"$TESTTMP/sql.xml" || return 1
            python3 - "$TESTTMP/sql.xml" <<'END' || return 1
import sys
import xml.etree.ElementTree as tree
text = open(sys.argv[1], encoding="utf-8").read()
if text.strip():
    for row in tree.fromstring(text).iter("row"):
        print("|".join(field.text or "" for field in row))
END
        done
        ;;
    *SQLite*) sqlite3 -batch -bail "$(connection_part "$sql_connection" Database)" "$@" ;;
    *)
        for statement; do
            PGPASSWORD=$(connection_part "$sql_connection" Pwd) psql -X -q -A -t -v ON_ERROR_STOP=1 \
                -h "$(connection_part "$sql_connection" Server)" -p "$(connection_part "$sql_connection" Port)" \
                -U "$(connection_part "$sql_connection" Uid)" -d "$(connection_part "$sql_connection" Database)" \
                -c "$statement" || return 1
        done
        ;;
    esac
}
# databases: the kinds of database a test shall go through; newdb KIND prints a connection string for each.
databases() {
    for database in sqlite ${PENSTOCK_TEST_PG_DIR:+postgresql} ${PENSTOCK_TEST_MARIADB_DIR:+mariadb}; do
        case " ${PENSTOCK_TEST_DATABASES:-$database} " in
        *" $database "*) echo "$database" ;;
        esac
    done
}
# only_databases KIND...: what this test does with them is known of these alone.
only_databases() {
    PENSTOCK_TEST_DATABASES=$*
    export PENSTOCK_TEST_DATABASES
}
newdb() {
    case $1 in
    sqlite) sqlite_newdb ;;
    postgresql) pg_newdb ;;
    mariadb) mariadb_newdb ;;
    *) fail "no such kind of database: $1" ;;
    esac
}

# avro_python: prints a Python that has Debian's avro and snappy (one that is not Debian's own does not see them), or skips the test.
avro_python() {
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import avro.datafile, snappy' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}
