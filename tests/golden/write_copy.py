"""usage: write_copy.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import random
import signal
import sys
import time
from decimal import Decimal, getcontext

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import books, build_shim, check, equal, kill, main, newdb, penstock, start, step_of, tmp, wait_until

ROWS = int(sys.argv[1])
SEED = 11
getcontext().prec = 60

# Field, its type in the dictionary, column of the database, and which values. Between them: every form that a value is sent in.
COLUMNS = [
    ("id", "integer", "bigint primary key", None),
    ("i2", "integer", "smallint", "int16"), ("i4", "integer", "integer", "int32"), ("i8", "integer", "bigint", "int64"),
    ("inum", "integer", "numeric", "int64"), ("inum20", "integer", "numeric(20,3)", "int48"), ("ireal", "integer", "real", "int16"),
    ("idbl", "integer", "double precision", "int48"),
    ("n8", "number", "double precision", "double"), ("n4", "number", "real", "single"), ("nnum", "number", "numeric", "double"),
    ("nnum2", "number", "numeric(30,10)", "binary"),
    ("d38", "decimal(38,10)", "numeric", "d38.10"), ("d380", "decimal(38,0)", "numeric(38,0)", "d38.0"), ("d3838", "decimal(38,38)", "numeric(40,39)", "d38.38"),
    ("d20", "decimal(20,4)", "numeric(24,6)", "d20.4"), ("d4", "decimal(4,2)", "numeric(4,2)", "d4.2"), ("dint", "decimal(9,0)", "integer", "d9.0"),
    ("dint8", "decimal(18,0)", "bigint", "d18.0"), ("ddbl", "decimal(12,3)", "double precision", "d12.3"), ("dreal", "decimal(6,2)", "real", "d6.2"),
    ("flag", "boolean", "boolean", "flag"), ("day", "date", "date", "day"), ("clock", "time", "time", "clock"), ("clock3", "time", "time(3)", "clock3"),
    ("moment", "datetime", "timestamptz", "moment"), ("plain", "datetime", "timestamp", "moment"), ("token", "uuid", "uuid", "uuid"),
    ("tokent", "uuid", "text", "uuid"), ("raw", "binary", "bytea", "binary64"), ("docb", "object", "jsonb", "json"), ("docj", "object", "json", "json"),
    ("doct", "object", "text", "json"), ("body", "string", "text", "text"), ("short", "string", "varchar(10)", "short"), ("pad", "string", "char(5)", "pad"),
    ("label", "string", "name", "short"), ("year", "year", "smallint", "year"), ("month", "yearmonth", "varchar(7)", "month"), ("term", "duration", "text", "term"),
    ("tame", "string", "tame", "short"), ("own", "integer", "positive", "year"),
]
TEXTS = ["", " ", "NULL", "\\", "\\N", "\\.", '"', "'", "a,b", "two\nlines", "\r\n", "\x01\x7f", "ä", "a\u0308", "Ω🙂", "\ufeff", "x" * 5000, "🙂" * 700]


def value(dice, kind):
    edge = dice.random() < 0.3
    if kind.startswith("int"):
        bits = int(kind[3:])
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        return str(dice.choice([low, high, 0, -1, 1, 9999, 10000, -10000]) if edge else dice.randint(low, high))
    if kind == "double":
        return repr(dice.choice([0.0, 1.0, -1.5, 5e-324, 1.7976931348623157e308, -2.2250738585072014e-308, 1e22, 1e-7, 0.1, 123456789012345680.0, 1e16, 10000.0, 0.0001])
                    if edge else dice.choice([-1, 1]) * dice.random() * 10.0 ** dice.randint(-30, 30))
    if kind == "single":
        return "%d.%d" % (dice.randint(-999, 999), dice.choice([0, 25, 5, 125, 1, 3, 7]))
    if kind == "binary":
        return repr(dice.randint(-10**9, 10**9) / 1024)
    if kind.startswith("d") and kind[1].isdigit():
        digits, scale = (int(part) for part in kind[1:].split("."))
        number = dice.choice([0, 1, -1, 10**digits - 1, 1 - 10**digits, 10**(digits // 2), 10000, 9999]) if edge else dice.randint(-10**dice.randint(1, digits) + 1, 10**dice.randint(1, digits) - 1)
        number = max(min(number, 10**digits - 1), 1 - 10**digits)
        return format(Decimal(number).scaleb(-scale), "f")
    if kind == "flag":
        return dice.choice(["true", "false"])
    if kind == "day":
        return dice.choice(["0001-01-01", "9999-12-31", "1970-01-01", "1999-12-31", "2000-01-01"]) if edge else "%04d-%02d-%02d" % (dice.randint(1, 9999), dice.randint(1, 12), dice.randint(1, 28))
    if kind in ("clock", "clock3"):
        fraction = dice.choice(["", ".5", ".123", ".999"] + ([".123456", ".000001", ".999999"] if kind == "clock" else []))
        return "%02d:%02d:%02d%s" % (dice.randint(0, 23), dice.randint(0, 59), dice.randint(0, 59), fraction)
    if kind == "moment":
        return dice.choice(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1999-12-31T23:59:59.999999Z", "2000-01-01T00:00:00Z", "1970-01-01T00:00:00.000001Z"]) if edge else \
            "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (dice.randint(1, 9999), dice.randint(1, 12), dice.randint(1, 28), dice.randint(0, 23), dice.randint(0, 59), dice.randint(0, 59), dice.randint(0, 999999))
    if kind == "uuid":
        text = "%032x" % (dice.choice([0, (1 << 128) - 1]) if edge else dice.getrandbits(128))
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    if kind == "binary64":
        import base64
        return base64.b64encode(bytes(dice.choice([0, 10, 34, 92, 255, 65]) for _ in range(dice.randint(0, 40)))).decode() or "AA=="
    if kind == "json":
        return json.dumps(dice.choice([{}, {"a": [1, None, "\\\"x", 1.5]}, {"ü": {"b": True}}, {"x": "y" * 300}]))
    if kind == "text":
        return dice.choice(TEXTS)
    if kind == "short":
        return dice.choice(["", "x", "ÄÖÜäöüßéèê", "0123456789"])
    if kind == "pad":
        return dice.choice(["", "x", "ÄÖÜäö", "a b"])
    if kind == "year":
        return "%04d" % dice.randint(1, 9999)
    return {"month": "2021-11", "term": dice.choice(["P1Y2M3DT4H5M6.7S", "P2W", "-P1D"])}[kind]


def dictionary(folder, columns):
    def field(name, kind):
        if kind.startswith("decimal"):
            precision, scale = kind[8:-1].split(",")
            return {"name": name, "type": "number", "precision": int(precision), "scale": int(scale)}
        return dict({"uuid": {"type": "string", "format": "uuid"}, "binary": {"type": "string", "format": "binary"}}.get(kind, {"type": kind}), name=name)
    with open(os.path.join(folder, "dictionary.json"), "w") as out:
        json.dump({"name": "copy", "resources": [{"name": "t", "schema": {"fields": [field(name, kind) for name, kind, *_ in columns], "missingValues": ["-"]}}]}, out)


def pipeline(folder, sink):
    path = os.path.join(folder, "pipeline.yaml")
    with open(path, "w") as out:
        out.write("version: 1\nname: copy\ndictionary: dictionary.json\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\nsteps:\n"
                  "  - name: t\n    source: { type: csv, path: %s/t.csv, header: false }\n    rules: { table: t }\n"
                  "    sink: { type: odbc, connection: db, table: t, %s }\n" % (folder, sink))
    return path


def types():
    folder = tmp("types")
    os.mkdir(folder)
    dice = random.Random(SEED)
    dictionary(folder, COLUMNS)
    with open(os.path.join(folder, "t.csv"), "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number in range(1, ROWS + 1):
            writer.writerow([str(number)] + ["-" if dice.random() < 0.05 else value(dice, kind) for _, _, _, kind in COLUMNS[1:]])
    dumps = []
    for way in ("row", "copy"):
        db = newdb("postgresql")
        db.execute("create domain tame as varchar(10) check (value <> 'taboo'); create domain positive as integer check (value > 0)",
                   "create table t (%s, made text default 'by default', twice bigint generated always as (id * 2) stored)" % ", ".join("%s %s" % (name, column) for name, _, column, _ in COLUMNS))
        done = penstock("run", pipeline(folder, "bulk: " + way), "--json", db=db)
        equal(done.code, 0, "%s: %s" % (way, done.tail()))
        step = step_of(done.json, "t")
        equal((step["written"], step["rejected"]), (ROWS, 0), "%s: books: %s" % (way, db.query("select record_no, field, message from penstock_rejects limit 3")))
        dumps.append(db.query("select * from t order by id"))
        numbers = db.query("select id, d38, d380, d3838 from t where d38 is not null and d380 is not null and d3838 is not null order by id limit 500")
    for one, other in zip(*dumps):
        for at, (left, right) in enumerate(zip(one, other)):
            equal(right, left, "row %s, column %s" % (one[0], (COLUMNS + [("made",), ("twice",)])[at][0]))
    equal(len(dumps[1]), ROWS, "rows")
    # And against the file, by another arithmetic.
    with open(os.path.join(folder, "t.csv"), newline="", encoding="utf-8") as file:
        cells = {row[0]: row for row in csv.reader(file)}
    names = [name for name, *_ in COLUMNS]
    for key, *found in numbers:
        for name, got in zip(("d38", "d380", "d3838"), found):
            equal(Decimal(got), Decimal(cells[key][names.index(name)]), "row %s, column %s" % (key, name))
    print("types: %d rows, %d columns" % (ROWS, len(COLUMNS)))


def small(folder, sink="bulk: copy", rows=100):
    os.makedirs(folder, exist_ok=True)
    dictionary(folder, [("id", "integer"), ("body", "string")])
    with open(os.path.join(folder, "t.csv"), "w") as out:
        out.write("".join("%d,text %d\n" % (number, number) for number in range(1, rows + 1)))
    return pipeline(folder, sink)


IMPOSSIBLE = [
    ("mode: upsert, key: [id]", "create table t (id bigint primary key, body text)", "mode: upsert changes"),
    ("", "create type mood as enum (%s); " % ", ".join("'text %d'" % number for number in range(1, 101)) + "create table t (id bigint, body mood)", "column body is of type mood"),
    ("", "create table real (id bigint, body text); create view t as select * from real", "no plain table"),
    ("", "create table t (id bigint, body text); create table copied (id bigint); create rule r as on insert to t do also insert into copied values (new.id)", "rule for INSERT"),
    ("", "create table t (id bigint, body text); alter table t enable row level security; alter table t force row level security; "
         "create role narrow_%d login password 'narrow'; grant all on t to narrow_%d; grant create on schema public to narrow_%d; create policy p on t using (true)" % ((os.getpid(),) * 3), "row level security"),
]


def impossible():
    for at, (sink, ddl, words) in enumerate(IMPOSSIBLE):
        folder = tmp("impossible%d" % at)
        db = newdb("postgresql")
        db.execute(ddl)
        environment = {}
        if "narrow" in ddl:
            environment["PENSTOCK_DB"] = db.connect.replace("Uid=" + db.parts["Uid"], "Uid=narrow_%d" % os.getpid()).replace("Pwd=" + db.parts["Pwd"], "Pwd=narrow")
        comma = ", " if sink else ""
        done = penstock("run", small(folder, sink + comma + "bulk: copy"), db=db, env=environment)
        equal(done.code, 2, "%s: %s" % (words, done.tail()))
        check("bulk: copy is not possible" in done.err and words in done.err, done.err)
        done = penstock("plan", small(folder, sink + comma + "bulk: auto"), db=db, env=environment)
        check("-- not by copy: " in done.out and words in done.out and "-- by unnest" in done.out, done.out)
        done = penstock("run", small(folder, sink + comma + "bulk: auto"), db=db, env=environment)
        equal((done.code, db.count("t")), (0, 100), done.tail())
        db.execute("drop owned by narrow_%d" % os.getpid(), "drop role narrow_%d" % os.getpid()) if environment else None
    print("%d tables that take no COPY" % len(IMPOSSIBLE))


def stranger():
    shim = build_shim("shim_libpq")
    for mode, words in (("shared", "what is set over ODBC is not seen over libpq"), ("private", "did not connect through this process's libpq")):
        db = newdb("postgresql")
        db.execute("create table t (id bigint, body text)")
        path = small(tmp("stranger"))
        named = {"db": db, "env": {"SHIM_LIBPQ": mode}, "preload": shim}
        done = penstock("check", path, **named)
        check("copy" in done.out and "not here: " in done.out and words in done.out, "%s: check: %s" % (mode, done.out))
        done = penstock("run", path, **named)
        check(done.code == 2 and words in done.err, "%s: exit %d: %s" % (mode, done.code, done.err))
        done = penstock("run", small(tmp("stranger"), "bulk: auto"), **named)
        equal((done.code, db.count("t")), (0, 100), done.tail())
        done = penstock("run", path, db=db, env={"SHIM_LIBPQ": ""}, preload=shim)
        equal(done.code, 0, done.tail())
    print("a libpq that is not the session's is not used")


def environment():
    """Nothing of libpq's own variables decides where COPY goes: it goes where the connection string says."""
    db = newdb("postgresql")
    db.execute("create table t (id bigint, body text)")
    path = small(tmp("environment"))
    wrong = {"PGHOST": "/nowhere", "PGHOSTADDR": "127.0.0.9", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "nothing", "PGPASSWORD": "wrong", "PGSSLMODE": "verify-full",
             "PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1", "PGAPPNAME": "somebody", "PGCONNECT_TIMEOUT": "1"}
    wrong.pop("PGHOSTADDR")  # the driver leaves that to libpq
    done = penstock("run", path, db=db, env=wrong)
    equal((done.code, db.count("t")), (0, 100), done.tail())
    check("copy     binary COPY" in penstock("check", path, db=db, env=wrong).out, "check with an environment that misleads")
    print("the environment decides nothing")


def triggers():
    """Warnings of the server on the way, and a table of partitions."""
    db = newdb("postgresql")
    db.execute("create table t (id bigint, body text) partition by range (id)", "create table t1 partition of t for values from (0) to (1000)",
               "create table t2 partition of t for values from (1000) to (2000)",
               "create function loud() returns trigger language plpgsql as $$ begin raise warning 'row % of many', new.id; return new; end $$",
               "create trigger loud before insert on t for each row execute function loud()")
    done = penstock("run", small(tmp("triggers"), rows=3000), db=db)
    # The rows behind the last partition have nowhere to go.
    equal((done.code, db.count("t"), db.count("penstock_rejects")), (0, 1999, 1001), done.tail())
    equal(db.value("select count(*) from penstock_rejects where message like '%no partition of relation%' and record_no >= 2000"), "1001", "rejects")
    print("warnings and partitions")


SLEEPS = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"


def cancelled(way):
    db = newdb("postgresql")
    db.execute("create table t (id bigint, body text)",
               "create function slow() returns trigger language plpgsql as $$ begin if new.id = 3 then perform pg_sleep(60); end if; return new; end $$",
               "create trigger slow before insert on t for each row execute function slow()")
    process = start("run", small(tmp("cancelled"), "bulk: " + way), db=db, stderr=tmp("stderr"))
    wait_until(lambda: db.value(SLEEPS) == "1", 30, "the trigger")
    begun = time.monotonic()
    kill(process, signal.SIGTERM)
    code, seconds = process.wait(), time.monotonic() - begun
    equal(code, 128 + signal.SIGTERM, "%s: exit" % way)
    # The server would take a minute.
    check(seconds < 30, "%s: it went on for %.1f s" % (way, seconds))
    wait_until(lambda: db.value(SLEEPS) == "0", 10, "the server's end")
    equal((db.count("t"), db.value("select status from penstock_runs")), (0, "cancelled"), "%s: what stays" % way)
    print("%s: cancelled in %.2f s" % (way, seconds))


def test():
    types()
    impossible()
    stranger()
    environment()
    triggers()
    for way in ("copy", "unnest", "values", "row"):
        cancelled(way)


main(test)
