"""SPDX-License-Identifier: Apache-2.0"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import Server, build_shim, check, equal, hr_data, hr_pipeline, main, newdb, run, tmp

# What would make a load faster at the cost of what the database promises.
FORBIDDEN = re.compile(
    r"synchronous\s*[=(]\s*'?(off|normal|0|1)|journal_mode\s*=|journal_mode\s*\(|locking_mode\s*=|fullfsync\s*=|ignore_check_constraints|"
    r"foreign_keys\s*=\s*(0|off|false|no)|foreign_keys\s*\(\s*(0|off)|writable_schema|defer_foreign_keys|"
    r"synchronous_commit|\bfsync\b|full_page_writes|wal_level|\bunlogged\b|disable\s+trigger|disable\s+rule|session_replication_role|"
    r"foreign_key_checks|unique_checks|drop\s+(index|constraint)|alter\s+system|FKSupport\s*=\s*0", re.I)


def allowed(lines, where):
    for line in lines:
        check(not FORBIDDEN.search(line), "%s was sent: %s" % (where, line.strip()[:300]))
    return len(lines)


def sqlite(data, tables):
    shim, log = build_shim("shim_trace"), tmp("trace")
    for commit in (None, "{ rows: 1000 }", "step"):
        if os.path.exists(log):
            os.unlink(log)
        db = newdb("sqlite")
        run(hr_pipeline(tmp("load.yaml"), commit), "--set", "data=" + data, db=db, env={"SHIM_TRACE_LOG": log}, preload=shim)
        compare.everything(db, tables, 1)
        with open(log, errors="replace") as file:
            lines = file.read().splitlines()
        sent = allowed([line for line in lines if line.startswith("sql ")], "to SQLite")
        check(sent > 20, "only %d statements were seen" % sent)
        settings = {line.split()[1]: line.split()[2:] for line in lines if line.startswith("setting ")}
        equal(settings.get("synchronous"), ["2"], "synchronous of the live session (2: FULL, SQLite's default)")
        equal(settings.get("journal_mode"), ["delete"], "journal_mode of the live session (SQLite's default)")
        equal(settings.get("foreign_keys"), ["1"], "foreign_keys of the live session")
        equal(settings.get("ignore_check_constraints"), ["0"], "ignore_check_constraints of the live session")
        for line in lines:
            match = re.match(r"config (\d+) (-?\d+)", line)
            # SQLITE_DBCONFIG_ENABLE_FKEY 1002, _ENABLE_TRIGGER 1003: never switched off.
            check(not match or (match.group(1), match.group(2)) not in (("1002", "0"), ("1003", "0")), "sqlite3_db_config: " + line)
    # A database that was set to WAL stays so.
    db = newdb("sqlite")
    db.execute("pragma journal_mode = wal")
    run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
    equal(db.value("pragma journal_mode"), "wal", "journal_mode after a load")
    compare.everything(db, tables, 1)
    print("sqlite: %d statements" % sent)


def postgres(data, tables):
    server = Server(tmp("server"))
    server.start()
    try:
        db = server.newdb()
        db.execute("alter system set log_statement = 'all'", "select pg_reload_conf()")
        pipeline = hr_pipeline(tmp("load.yaml"), "{ rows: 1000 }")
        run(pipeline, "--set", "data=" + hr_data(tmp("small"), 10, 2), "--limit", "1", db=db)
        for step in ("departments", "jobs"):
            run(pipeline, "--set", "data=" + data, "--step", step, db=db)
        # What holds in the session that writes, seen from within it.
        db.execute("create table seen (name text, value text)",
                   "create function look() returns trigger language plpgsql as $$ begin insert into seen select n, current_setting(n) from "
                   "unnest(array['synchronous_commit', 'session_replication_role', 'fsync', 'TimeZone']) n; return null; end $$",
                   "create trigger look after insert on hired_employees for each statement execute function look()",
                   "delete from hired_employees")
        mark = os.path.getsize(server.folder + "/log")
        run(pipeline, "--set", "data=" + data, "--step", "hired_employees", db=db)
        with open(server.folder + "/log", errors="replace") as file:
            file.seek(mark)
            lines = [line for line in file.read().splitlines() if "statement:" in line or "execute " in line or line.startswith("\t")]
        sent = allowed(lines, "to PostgreSQL")
        check(sent > 20, "only %d statements were logged" % sent)
        # What goes past ODBC stands in the server's log as well.
        copies = [line for line in lines if 'statement: COPY "hired_employees"' in line]
        check(copies and all(line.endswith("FROM STDIN (FORMAT binary)") for line in copies), "COPY as the server saw it: %s" % copies[:3])
        seen = set(db.query("select distinct name, value from seen"))
        equal({row for row in seen if row[0] != "TimeZone"}, {("synchronous_commit", "on"), ("session_replication_role", "origin"), ("fsync", "on")},
              "settings of the live session")
        check(any(row[0] == "TimeZone" and row[1].upper() in ("UTC", "ETC/UTC", "GMT") for row in seen), "TimeZone of the session: %s" % seen)
        equal(db.query("select relname from pg_class where relpersistence <> 'p' and relnamespace = 'public'::regnamespace"), [], "tables that are not logged")
        print("postgresql: %d statements" % sent)
    finally:
        server.stop()


def test():
    data = hr_data(tmp("data"), 5000, 13)
    tables = oracle.folder(data)
    sqlite(data, tables)
    if os.environ.get("PENSTOCK_TEST_PG_DIR"):
        postgres(data, tables)


main(test)
