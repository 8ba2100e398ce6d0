"""usage: read_copy.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import Server, build_shim, check, equal, kill, main, newdb, penstock, start, step_of, tmp, wait_until

ROWS = int(sys.argv[1])
BIG = "x" * 3000
JSON = ['{"b": [1, 2.50, null], "a": "\\u00fc"}', "[]", '"x"', "null", "1e400"]
# Column, type in the dictionary, type in the database, values of the field, and values that are none.
COLUMNS = [
    ("i2", "integer", "smallint", ["-32768", "32767", "0"], []),
    ("i4", "integer", "integer", ["-2147483648", "2147483647", "-1"], []),
    ("i8", "integer", "bigint", ["-9223372036854775808", "9223372036854775807", "4294967296"], []),
    ("inum", "integer", "numeric", ["0", "12.000", "-9223372036854775808"], ["9223372036854775808", "1.5", "NaN"]),
    ("n8", "number", "double precision", ["0", "-0", "0.1", "5e-324", "1.7976931348623157e308", "-1e22"], ["NaN", "Infinity", "-Infinity"]),
    ("n4", "number", "real", ["0.1", "1e-45", "3.4028235e38", "16777217", "-0"], ["NaN", "Infinity"]),
    ("nnum", "number", "numeric", ["0.1", "1e20", "123456.7890", "-0.5"], ["9007199254740993", "0.30000000000000000001", "NaN", "Infinity"]),
    ("d38", "38,10", "numeric", ["1234567890123456789012345678.0123456789", "-0.0000000001", "9999999999999999999999999999.9999999999", "0", "10000", "1.50000000000000"],
     ["10000000000000000000000000000", "0.00000000001", "NaN", "-Infinity", "1e5000"]),
    ("d5", "5,2", "numeric(20,6)", ["999.99", "-0.01", "100", "0.1"], ["1000", "0.001"]),
    ("dint", "9,0", "integer", ["999999999", "-999999999", "0"], ["1000000000"]),
    ("ddbl", "12,3", "double precision", ["0.125", "-123456789.5", "0.1"], ["0.0001", "1e300"]),
    ("flag", "boolean", "boolean", ["true", "false"], []),
    ("day", "date", "date", ["0001-01-01", "9999-12-31", "1969-12-31", "2000-02-29"], ["10000-01-01", "0001-12-31 BC", "infinity", "-infinity", "5874897-12-31"]),
    ("clock", "time", "time", ["00:00", "23:59:59.999999", "02:48:42.5"], ["24:00"]),
    ("moment", "datetime", "timestamptz", ["0001-01-01 00:00+00", "9999-12-31 23:59:59.999999+00", "1969-12-31 23:59:59.5+00", "2021-03-28 02:30+02"],
     ["10000-01-01 00:00+00", "0001-12-31 23:59:59.25+00 BC", "infinity", "-infinity", "294276-12-31 23:59:59.999999+00"]),
    ("plain", "datetime", "timestamp", ["0001-01-01", "9999-12-31 23:59:59.999999", "2021-03-28 02:30:00.000001"], ["10000-01-01", "4714-11-24 BC", "infinity"]),
    ("token", "uuid", "uuid", ["00000000-0000-0000-0000-000000000000", "01234567-89AB-cdef-0123-456789abcdef"], []),
    ("tokent", "uuid", "text", ["01234567-89AB-cdef-0123-456789abcdef"], ["01234567", ""]),
    ("raw", "binary", "bytea", ["\\x00ff4142", "\\x5c78", "\\x" + "00ff" * 1000], []),
    ("docb", "object", "jsonb", ['{"b": [1, 2.50, null], "a": "\u00fc"}', "{}"], []),
    ("docj", "object", "json", ['{"b" : 1, "a":"x"}', "{}"], ['{"a": 1, "a": 2}']),
    ("doct", "object", "text", ['{ "z": 1 }'], ["{", ""]),
    ("body", "string", "text", ["", " ", "a,\"b\"\n\\N", "\u00e4\U0001f642", "\x01\x7f", BIG], []),
    ("short", "string", "varchar(10)", ["", "0123456789"], []),
    ("pad", "string", "char(5)", ["", "a b", "\u00c4\u00d6\u00dc\u00e4\u00f6"], []),
    ("label", "string", "name", ["x", "Y z"], []),
    ("year", "year", "smallint", ["1", "9999"], ["0", "10000", "-5"]),
    ("month", "yearmonth", "varchar(7)", ["2021-11"], ["2021-13", ""]),
    ("term", "duration", "interval", ["1 year 2 months 3 days 04:05:06.7"], []),
    ("mood", "string", "mood", ["sad", "it's"], []),
    ("host", "string", "inet", ["fe80::1/64", "10.0.0.0/8"], []),
    ("span", "string", "int4range", ["[1,5)", "empty"], []),
    ("list", "string", "integer[]", ["{}", "{1,NULL,3}"], []),
    ("tame", "string", "tame", ["", "0123456789"], []),
    ("own", "integer", "positive", ["1", "2147483647"], []),
]


def quoted(text):
    return "null" if text is None else "'%s'" % text.replace("'", "''")


def field(name, kind):
    if kind[0].isdigit():
        precision, scale = kind.split(",")
        return {"name": name, "type": "number", "precision": int(precision), "scale": int(scale)}
    if kind in ("uuid", "binary"):
        return {"name": name, "type": "string", "format": kind}
    return {"name": name, "type": kind}


def describe(folder, tables):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "dictionary.json"), "w") as out:
        json.dump({"name": "read", "resources": [{"name": name, "schema": {"fields": fields, "primaryKey": "id"}} for name, fields in tables]}, out)


def pipeline(folder, read, source="table: t", table="t", name=None, params=""):
    path = os.path.join(folder, name or "%s.yaml" % read)
    with open(path, "w", encoding="utf-8") as out:
        out.write("version: 1\nname: read\ndictionary: dictionary.json\n%sconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\nsteps:\n  - name: t\n"
                  "    source: { type: odbc, connection: db, %s, read: %s }\n    rules: { table: %s, check: types }\n"
                  "    sink: { type: csv, path: %s/%s.csv }\n    rejects: { type: jsonl, path: %s/%s.jsonl }\n"
                  % (params, source, read, table, folder, read, folder, read))
    return path


def rows_of(folder, read):
    with open(os.path.join(folder, read + ".csv"), newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def rejects_of(folder, read):
    path = os.path.join(folder, read + ".jsonl")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return [{key: reject[key] for key in ("step", "table_name", "source", "record_no", "field", "code", "rule", "message", "violations", "record") if key in reject}
            for reject in found]


def both(db, folder, source="table: t", table="t", arguments=(), params=""):
    """Read by COPY and by fetching, which give the same rows and rejects: those, and how many records were rejected."""
    numbers = []
    for read in ("copy", "fetch"):
        for kind in ("csv", "jsonl"):
            path = os.path.join(folder, "%s.%s" % (read, kind))
            os.path.exists(path) and os.remove(path)
        done = penstock("run", pipeline(folder, read, source, table, params=params), "--json", *arguments, db=db)
        equal(done.code, 0, "%s: %s" % (read, done.tail()))
        step = step_of(done.json, "t")
        numbers.append((step["read"], step["written"], step["rejected"], step["rejects_by_rule"]))
    equal(numbers[0], numbers[1], "books of copy and fetch")
    copied, fetched = rows_of(folder, "copy"), rows_of(folder, "fetch")
    for at, (one, other) in enumerate(zip(copied, fetched)):
        for name, left, right in zip(copied[0], one, other):
            equal(left, right, "line %d, column %s" % (at + 1, name))
    equal(len(copied), len(fetched), "rows")
    rejects = rejects_of(folder, "copy")
    for one, other in zip(rejects, rejects_of(folder, "fetch")):
        equal(one, other, "reject")
    equal(len(rejects), len(rejects_of(folder, "fetch")), "rejects")
    return copied, numbers[0][2], rejects


def meaning(kind, declared, text):
    """A value as psql prints it, or as a CSV file of penstock has it."""
    if kind == "integer" or kind == "year":
        return int(Decimal(text))
    if declared == "real":
        return struct.unpack("f", struct.pack("f", float(text)))[0] + 0.0
    if kind == "number":
        return float(text) + 0.0
    if kind[0].isdigit():
        return Decimal(text)
    if kind == "boolean":
        return {"t": "true", "f": "false"}.get(text, text)
    if kind in ("time", "datetime"):
        head, _, fraction = text.replace("T", " ").replace("Z", "").replace("+00", "").partition(".")
        return head, fraction.rstrip("0")
    if kind == "uuid":
        return text.lower()
    if kind == "binary":
        return bytes.fromhex(text[2:]) if text.startswith("\\x") else base64.b64decode(text)
    if kind == "object":
        return json.loads(text)
    return text


def types():
    folder = tmp("types")
    describe(folder, [("t", [field("id", "integer")] + [field(name, kind) for name, kind, *_ in COLUMNS])])
    db = newdb("postgresql")
    db.execute("create domain tame as varchar(10) check (value <> 'taboo'); create domain positive as integer check (value > 0); create type mood as enum ('sad', 'it''s')",
               "create table t (id bigint primary key, %s)" % ", ".join("%s %s" % column[0:3:2] for column in COLUMNS))
    dice = random.Random(5)
    bad, values = set(), []
    for number in range(1, ROWS + 1):
        cells = [None if dice.random() < 0.1 else dice.choice(good) for _, _, _, good, _ in COLUMNS]
        if dice.random() < 0.2:
            at = dice.choice([at for at, column in enumerate(COLUMNS) if column[4]])
            cells[at] = dice.choice(COLUMNS[at][4])
            bad.add(number)
        values.append("(%d, %s)" % (number, ", ".join(quoted(cell) for cell in cells)))
    with open(os.path.join(folder, "rows.sql"), "w", encoding="utf-8") as out:
        out.write("insert into t values %s;\n" % ",\n".join(values))
    subprocess.run(db.psql("-q", "-v", "ON_ERROR_STOP=1", "-f", out.name), env=db.environment(), stdin=subprocess.DEVNULL, check=True)
    copied, rejected, rejects = both(db, folder)
    equal(rejected, len(bad), "rejects: %s" % sorted({reject["record_no"] for reject in rejects} ^ bad)[:5])
    equal({reject["record_no"] for reject in rejects}, bad, "which records are rejected")
    # And against psql.
    db.execute("alter database \"%s\" set intervalstyle = 'iso_8601'" % db.value("select current_database()"))
    truth = {row[0]: row for row in newsession(db).query("select * from t order by id")}
    for line in copied[1:]:
        for (name, kind, declared, *_), got, wanted in zip(COLUMNS, line[1:], truth[line[0]][1:]):
            if wanted is None:
                equal(got, "", "row %s, column %s" % (line[0], name))
            else:
                equal(meaning(kind, declared, got), meaning(kind, declared, wanted), "row %s, column %s" % (line[0], name))
    equal([line[0] for line in copied[1:]], [str(number) for number in range(1, ROWS + 1) if number not in bad], "order and completeness")
    # Of a query the catalog knows nothing: the types are those which the server names.
    both(db, folder, "query: \"SELECT * FROM t ORDER BY id\"")
    print("types: %d rows, %d of them rejected, %d columns" % (ROWS, len(bad), len(COLUMNS)))


def newsession(db):
    from harness import Db
    return Db(db.connect)


def many(folder, rows=20000, server=None):
    describe(folder, [(name, [field("id", "integer"), field("body", "string")]) for name in ("t", "u", "v")])
    db = server.newdb() if server else newdb("postgresql")
    for name in ("t", "u", "v"):
        db.execute("create table %s (id integer primary key, body text)" % name,
                   "insert into %s select i, 'text ' || i from generate_series(1, %d) i order by random()" % (name, rows))
    return db


HOSTILE = ["it's", "'; drop table t; --", "\\", "\\'", "$1", "?", "$$", "%s", "", "\u00e4\U0001f642", "penstock.value_1", "') TO PROGRAM 'false"]


def values():
    folder = tmp("values")
    db = many(folder, 100)
    db.execute("insert into t values " + ", ".join("(%d, %s)" % (1000 + at, quoted(text)) for at, text in enumerate(HOSTILE)))
    for at, text in enumerate(HOSTILE):
        arguments = ("--set", "x=" + text, "--set", "n=5")
        params = "params:\n  x: { default: '' }\n  n: { type: integer, default: 0 }\n"
        for source in ('table: t, where: "body = ${params.x} and id > ${params.n} -- really?"',
                       'query: "SELECT id, body FROM t WHERE body = ${params.x} AND id > ${params.n} /* ? */"'):
            copied, _, _ = both(db, folder, source, arguments=arguments, params=params)
            equal(copied[1:], [[str(1000 + at), text]], "%s with %r" % (source, text))
    done = penstock("plan", pipeline(folder, "copy", 'table: t, where: "body = ${params.x}"', params="params:\n  x: { default: secret-word }\n"), db=db)
    check("current_setting('penstock.value_1')" in done.out and "COPY (SELECT" in done.out, done.out)
    print("values: %d texts, bound" % len(HOSTILE))


def early():
    """A reading that ends before its rows leaves the session to the next one."""
    folder = tmp("early")
    db = many(folder)
    for read in ("copy", "fetch"):
        path = os.path.join(folder, "each.yaml")
        with open(path, "w") as out:
            out.write("version: 1\nname: each\ndictionary: dictionary.json\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\nsteps:\n  - name: each\n"
                      "    for_each: { table: [t, u, v] }\n    source: { type: odbc, connection: db, table: \"${table}\", read: %s }\n    rules: { table: \"${table}\" }\n"
                      "    sink: { type: csv, path: \"%s/%s-${table}.csv\" }\n" % (read, folder, read))
        done = penstock("run", path, "--limit", "7", "--json", db=db)
        equal((done.code, [step["written"] for step in done.json["steps"]]), (0, [7, 7, 7]), "%s: %s" % (read, done.tail()))
        for table in ("t", "u", "v"):
            with open("%s/%s-%s.csv" % (folder, read, table)) as file:
                equal([line.split(",")[0] for line in file][1:], [str(number) for number in range(1, 8)], read + " " + table)
    codes = []
    for read in ("copy", "fetch"):
        done = penstock("run", pipeline(folder, read, 'query: "SELECT id, (10 / (15000 - id))::text AS body FROM t"'), db=db)
        check("division by zero" in done.err and "22012" in done.err, "%s: %s" % (read, done.err))
        check(not os.path.exists(os.path.join(folder, read + ".csv")), read + ": a file")
        codes.append(done.code)
    equal(codes, [5, 5], "an error of the statement")
    print("early: a limit, an error in the middle")


SLOW = 'query: "SELECT id, body FROM t WHERE id < 1000 OR pg_sleep(0.01) IS NOT NULL"'
BUSY = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like '%COPY%pg_sleep(0.01)%' and state = 'active'"


def cut():
    folder = tmp("cut")
    db = many(folder)
    process = start("run", pipeline(folder, "copy", SLOW), db=db, stderr=tmp("stderr"))
    wait_until(lambda: db.value(BUSY), 30, "the COPY")
    time.sleep(0.5)
    begun = time.monotonic()
    kill(process, signal.SIGTERM)
    code, seconds = process.wait(), time.monotonic() - begun
    equal(code, 128 + signal.SIGTERM, "exit")
    check(seconds < 15, "it went on for %.1f s" % seconds)  # all rows would take minutes
    wait_until(lambda: not db.value(BUSY), 10, "the server's end")
    check(not os.path.exists(os.path.join(folder, "copy.csv")), "a file of a cancelled run")
    print("cut: cancelled in %.2f s" % seconds)
    # The server ends the session in the middle: read again from the beginning, a bounded number of times.
    process = start("run", pipeline(folder, "copy", SLOW.replace("0.01", "0.001")), "--json", db=db, stdout=tmp("stdout"), stderr=tmp("stderr"))
    wait_until(lambda: db.value(BUSY.replace("0.01", "0.001")), 30, "the COPY")
    time.sleep(0.5)
    equal(db.value("select pg_terminate_backend(pid) from (%s) x" % BUSY.replace("0.01", "0.001")), "t", "the end of the session")
    code = process.wait()
    said = open(tmp("stderr")).read()
    if code == 0:
        equal(len(rows_of(folder, "copy")), 20001, "rows after another attempt")
    else:
        equal(code, 5, said)
        check("terminating connection" in said or "closed the connection" in said, said)
        check(not os.path.exists(os.path.join(folder, "copy.csv")), "a file of a failed run")
    print("cut: a session that the server ended: exit %d" % code)


def crash():
    """The server dies in the middle, and stays away."""
    server = Server(tmp("server"))
    server.start()
    try:
        folder = tmp("crash")
        db = many(folder, server=server)
        process = start("run", pipeline(folder, "copy", SLOW), db=db, stdout=tmp("stdout"), stderr=tmp("stderr"))
        wait_until(lambda: db.value(BUSY), 30, "the COPY")
        time.sleep(0.5)
        server.kill()
        begun = time.monotonic()
        equal(process.wait(), 5, open(tmp("stderr")).read())
        check(not os.path.exists(os.path.join(folder, "copy.csv")), "a file of a failed run")
        print("crash: exit 5 after %.1f s" % (time.monotonic() - begun))
    finally:
        server.stop()


def stranger():
    shim = build_shim("shim_libpq")
    folder = tmp("stranger")
    db = many(folder, 100)
    for mode, words in (("shared", "what is set over ODBC is not seen over libpq"), ("private", "did not connect through this process's libpq")):
        named = {"db": db, "env": {"SHIM_LIBPQ": mode}, "preload": shim}
        done = penstock("run", pipeline(folder, "copy"), **named)
        check(done.code == 2 and "read: copy is not possible here" in done.err and words in done.err, "%s: exit %d: %s" % (mode, done.code, done.err))
        done = penstock("run", pipeline(folder, "auto"), **named)
        equal((done.code, len(rows_of(folder, "auto"))), (0, 101), done.tail())
        done = penstock("plan", pipeline(folder, "auto"), **named)
        check("pages by key" in done.out and "not by COPY: " in done.out and words in done.out, done.out)
        done = penstock("check", pipeline(folder, "auto"), **named)
        check(done.out.count(words) >= 2, done.out)
    done = penstock("check", pipeline(folder, "auto"), db=db)
    check("ways to read rows (read:)" in done.out and "not here" not in done.out, done.out)
    done = penstock("plan", pipeline(folder, "auto"), db=db)
    check("binary COPY, by key" in done.out and "not by COPY" not in done.out, done.out)
    print("a libpq that is not the session's is not used")


def test():
    types()
    values()
    early()
    cut()
    crash()
    stranger()


main(test)
