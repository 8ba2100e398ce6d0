"""Transforms of steps, held against Python's sqlite3 (one record at a time), against Python, and against what is written down here by hand.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import random
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, interrupt, main, newdb, penstock, run, skipped, step_of, tmp  # noqa: E402

ROWS = int(os.environ["PENSTOCK_TEST_ROWS"])
SEED = int(os.environ.get("PENSTOCK_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
lots = random.Random(SEED)

DICTIONARY = """
resources:
  - name: people
    schema:
      fields:
        - { name: id, type: integer }
        - { name: name, type: string, constraints: { required: true, maxLength: 20 } }
        - { name: amount, type: number, precision: 10, scale: 2 }
        - { name: born, type: date }
        - { name: score, type: number }
        - { name: member, type: boolean }
        - { name: extra, type: object }
      primaryKey: id
"""
COLUMNS = ["id", "first", "last", "amount", "born", "extra"]
SQL = """select cast(id as integer) as id, trim(upper(first)) || ' ' || last as name, nullif(replace(amount, ',', '.'), '') as amount,
       date(nullif(born, ''), '+1 day') as born, length(first) * 1.5 as score, last like 'a%' as member,
       json_set(extra, '$.seen', 1) as extra
from batch -- a comment
where last not in ('skip', 'leave', 'drop') and id % 7 <> ${params.rest};"""


def write(name, text):
    with open(tmp(name), "w", newline="") as file:
        file.write(text)
    return tmp(name)


def indent(text, by):
    return text.strip().replace("\n", "\n" + " " * by)


def pipeline(name, source, sql, sink="{ type: odbc, connection: db, table: people, create: true }", columns=None, dictionary=DICTIONARY, table="people",
             params="  rest: { default: \"3\", type: integer }", more=""):
    write(name + ".dictionary.yaml", dictionary)
    return write(name + ".yaml", """version: 1
name: people
dictionary: %s
params:
%s
connections:
  db: { type: odbc, connect: "${PENSTOCK_DB}" }
steps:
  - name: people
    source: %s
    transform:
      %ssql: |
        %s
    rules: { table: %s }
    sink: %s
%s""" % (tmp(name + ".dictionary.yaml"), params, source, "columns: %s\n      " % columns if columns else "", indent(sql, 8), table, sink, more))


# --- random records, each by itself in Python's sqlite3 -----------------------------------------------
def record(number):
    pieces = ["ann", "Bob", "  cy", "zo\u00e9", "x" * 19, "", "O'Neill", 'the "k"', "a,b", "Z\U0001f600"]
    lasts = ["lee", "ray", "skip", "leave", "Adams", "", "fox\nline", "drop"]
    extras = ["{}", '{"a":1}', '{"b":[1,2]}', "{", "nonsense", '{"c":"\u00e9"}'] if lots.random() < 0.05 else ["{}", '{"a":1}', '{"b":[1,2]}']
    return [str(number if lots.random() > 0.01 else number - 1), lots.choice(pieces), lots.choice(lasts),
            lots.choice(["", "1.5", "2,25", "99999999.99", "x" if lots.random() < 0.1 else "7", "1.999" if lots.random() < 0.1 else "0"]),
            lots.choice(["", "2020-02-28", "1999-12-31", "never" if lots.random() < 0.1 else "2000-01-01"]), lots.choice(extras)]


def expected(records):
    """(rows, {record number: first rule}, how many were left out)."""
    db = sqlite3.connect(":memory:")
    db.execute("create table batch(%s)" % ", ".join(column + " text" for column in COLUMNS))
    rows, rejects, left_out, keys = [], {}, 0, set()
    for number, cells in enumerate(records, 1):
        db.execute("delete from batch")
        db.execute("insert into batch values (?, ?, ?, ?, ?, ?)", cells)
        try:
            got = db.execute(SQL.replace("${params.rest}", "3")).fetchall()
        except sqlite3.OperationalError:
            rejects[number] = "people.record-error"
            continue
        if not got:
            left_out += 1
            continue
        number_, name, amount, born, score, member, extra = got[0]
        rules = []
        if len(name) > 20:
            rules.append("people.name.maxLength")
        if amount is not None:
            try:
                whole, _, part = amount.partition(".")
                int(whole)
                assert len(part.rstrip("0")) <= 2
                amount = "%s.%s" % (whole, (part + "00")[:2])
            except (ValueError, AssertionError):
                rules.append("people.amount.type")
        if not rules and number_ in keys:
            rules.append("people.id.primary-key")
        if rules:
            rejects[number] = rules[0]
            continue
        keys.add(number_)
        rows.append((number_, name, amount and float(amount), born, score, member, json.loads(extra)))
    return rows, rejects, left_out


def load_and_compare(name, records, commit, dry=False):
    db = newdb("sqlite")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS] + records)
    data = write(name + ".csv", out.getvalue())
    file = pipeline(name, "{ type: csv, path: %s }" % data, SQL, columns="[%s]" % ", ".join(COLUMNS),
                    sink="{ type: odbc, connection: db, table: people, create: true, commit: %s }" % commit)
    rows, rejects, left_out = expected(records)
    if dry:
        step = step_of(run(file, "--dry-run", db=db).json, "people")
        equal([step["read"], step["rejected"], skipped(step)], [len(records), len(rejects), {"filtered": left_out, "dry_run": len(rows)}], "a dry run")
    step = step_of(run(file, db=db).json, "people")
    equal([step["read"], step["written"], step["rejected"], skipped(step)], [len(records), len(rows), len(rejects), {"filtered": left_out}],
          "the books of %s" % name)
    got = [row[:6] + (json.loads(row[6]),) for row in
           sqlite3.connect(db.path).execute("select id, name, amount, born, score, member, extra from people order by rowid")]
    equal(got, rows, "the rows of %s (seed %d)" % (name, SEED))
    found = {number: (rule, record, offset) for number, rule, record, offset in
             sqlite3.connect(db.path).execute("select record_no, rule, record, byte_offset from penstock_rejects")}
    equal({number: found[number][0] for number in found}, rejects, "the rejects of %s (seed %d)" % (name, SEED))
    with open(data, "rb") as file:
        content = file.read()
    for number in found:  # the record as it stands in the source, and where
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(records[number - 1])
        line = out.getvalue()[:-1]
        equal(found[number][1], line, "the record of reject %d" % number)
        begin = found[number][2]
        equal(content[begin:begin + len(line.encode())].decode(), line, "the place of reject %d" % number)
    summary = json.loads(sqlite3.connect(db.path).execute("select summary from penstock_runs").fetchone()[0])
    equal(summary["skipped_by_reason"].get("filtered", 0), left_out, "filtered in penstock_runs")
    equal(sqlite3.connect(db.path).execute("select sum(skipped_rows) from penstock_runs").fetchone()[0], left_out, "skipped_rows in penstock_runs")


def test_random():
    records = [record(number) for number in range(1, ROWS + 1)]
    load_and_compare("once", records, "step", dry=True)
    load_and_compare("pieces", records[:500], "{ rows: 7 }")  # batches of seven records


# --- what is refused ----------------------------------------------------------------------------------
REFUSED = [
    ("select distinct * from batch", "DISTINCT"),
    ("select distinct 1 as id, name, amount, born from batch", "DISTINCT"),
    ("select * from batch order by id", "ORDER BY"),
    ("select * from batch group by id", "GROUP BY"),
    ("select * from batch limit 1", "LIMIT"),
    ("select * from batch limit -1 offset 2", "LIMIT"),
    ("select count(*) as id, name, amount, born from batch", "count() looks at several records"),
    ("select max(id) as id, name, amount, born from batch", "a function over several records"),
    ("select row_number() over () as id, name, amount, born from batch", "row_number() looks at several records"),
    ("select lag(id) over (order by id) as id, name, amount, born from batch", "lag() looks at several records"),
    ("select * from batch union all select * from batch", "cannot hold another one"),
    ("select * from (select * from batch)", "cannot hold another one"),
    ("with b as (select * from batch) select * from b", "cannot hold another one"),
    ("select id, (select 'a') as name, amount, born from batch", "cannot hold another one"),
    ("select * from batch where id in (select id from batch)", "cannot hold another one"),
    ("select a.* from batch a, batch b", "joins"),
    ("select a.* from batch a left join batch b on a.id = b.id", "joins"),
    ("select batch.* from batch, json_each('[1,2]')", "it can neither change anything nor open anything"),
    ("values (1, 2, 3, 4)", "reads batch, once"),
    ("select 1 as id, 'a' as name, null as amount, null as born", "reads batch, once"),
    ("select random() as id, name, amount, born from batch", "random() gives something else each time"),
    ("select id, hex(randomblob(4)) as name, amount, born from batch", "randomblob() gives something else"),
    ("select id, name, amount, current_date as born from batch", "another one in each run"),
    ("select id, name, amount, date('now') as born from batch", "asks for the time of day"),
    ("select id, name, amount, date() as born from batch", "asks for the time of day"),
    ("select id, name, amount, date(born, 'localtime') as born from batch", "the time zone of the machine"),
    ("select id, sqlite_version() as name, amount, born from batch", "none of the functions"),
    ("select id, load_extension('x') as name, amount, born from batch", "none of the functions"),
    ("select rowid as id, name, amount, born from batch", "rowid is no number of the record"),
    ("select id, nmae as name, amount, born from batch", 'batch has no column "nmae" (did you mean "name"?)'),
    ('select id, "nmae" as name, amount, born from batch', 'batch has no column "nmae" (did you mean "name"?)'),
    ("select id, uper(name) as name, amount, born from batch", 'there is no function "uper" (did you mean "upper"?)'),
    ("select * from people", 'there is no table "people" here; the records of the source are the table batch'),
    ("select name from sqlite_master", "the only table of a transform is batch, not sqlite_master"),
    ("select id, name, amount from batch", 'the result lacks field "born" of table t'),
    ("select id, name, amount, born as bron from batch", "bron, is no field of table t (did you mean \"born\"?)"),
    ("select id, upper(name), amount, born from batch", "column 2 of the result, upper(name), is no field of table t"),
    ("select id, name as id, amount, born from batch", 'field "id" stands twice'),
    ("select * from batch; select 1", "one statement"),
    ("select id, :name as name, amount, born from batch", "the place of a value that nobody gives"),
    ("delete from batch", "may not be modified"),
    ("insert into t values (1)", "there is no table"),
    ("pragma writable_schema = 1", "it can neither change anything nor open anything"),
    ("attach 'out.db' as other", "it can neither change anything nor open anything"),
    ("create table t (a)", "it can neither change anything nor open anything"),
    ("explain select * from batch", "a transform is a SELECT over batch"),
    ("selekt * from batch", "syntax error"),
    ("select id, '${params.rest}' as name, amount, born from batch", "cannot stand within quotes"),
]
SMALL = """
resources:
  - name: t
    schema:
      fields: [{ name: id, type: integer }, { name: name, type: string }, { name: amount, type: number }, { name: born, type: date }]
"""


def test_refused():
    for number, (sql, words) in enumerate(REFUSED):
        file = pipeline("refused", "{ type: csv, path: none.csv }", sql, table="t", dictionary=SMALL, sink="{ type: csv, path: out.csv }")
        with open(file) as lines:
            text = lines.read().replace("connections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n", "")
        done = penstock("validate", write("refused.yaml", text))
        equal(done.code, 2, "refused: %s: %s" % (sql, done.tail()))
        check(words in done.err + done.out, "%s: wanted %r, got %s" % (sql, words, done.tail()))
        check("refused.yaml:10:12: " in done.err + done.out, "the place of %s: %s" % (sql, done.tail()))
    for columns, words in [("[]", "columns are the names"), ("[a, a]", 'column "a" stands twice'), ("{ a: intger }", '(did you mean "integer"?)'),
                           ("[Id, id]", 'SQL cannot tell the columns "Id" and "id" apart')]:
        file = pipeline("refused", "{ type: csv, path: none.csv }", "select 1 as id, 'a' as name, 1 as amount, null as born from batch", table="t",
                        columns=columns, dictionary=SMALL, sink="{ type: csv, path: out.csv }")
        done = penstock("validate", file, env={"PENSTOCK_DB": "Driver=SQLite3;Database=none.db"})
        equal(done.code, 2, "columns %s" % columns)
        check(words in done.err + done.out, "%s: wanted %r, got %s" % (columns, words, done.tail()))


# --- sources with types: what SQL hands on stays what it was -------------------------------------------
TYPED = """
resources:
  - name: t
    schema:
      fields:
        - { name: id, type: integer }
        - { name: s, type: string }
        - { name: d, type: number, precision: 30, scale: 4, decimalChar: "," }
        - { name: x, type: number }
        - { name: day, type: date, format: "%d/%m/%Y" }
        - { name: at, type: datetime, format: "%d/%m/%Y %H:%M" }
        - { name: yes, type: boolean, trueValues: [ja], falseValues: [nein] }
        - { name: u, type: string, format: uuid }
        - { name: b, type: string, format: binary }
        - { name: o, type: object }
"""
VALUES = [(1, "a", "12345678901234567890.1234", 0.1, "2021-02-03", "2021-02-03T04:05:06.789012Z", 1, "00000000-0000-4000-8000-000000000001", b"\x00\xff", '{"a":1}'),
          (2, "", "-0.0001", 1e300, "0001-01-01", "9999-12-31T23:59:59Z", 0, "00000000-0000-4000-8000-0000000000ff", b"", "{}"),
          (3, None, None, None, None, None, None, None, None, None)]


def test_typed():
    source, target = newdb("sqlite"), newdb("sqlite")
    names = ["id", "s", "d", "x", "day", "at", "yes", "u", "b", "o"]
    with sqlite3.connect(source.path) as db:
        db.execute("create table t (id integer, s text, d text, x real, day text, at text, yes integer, u text, b blob, o text)")
        db.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", VALUES)
    for sql, wanted in [("select * from batch", VALUES),
                        # through an expression, too; a date function's text is a date
                        ("select id, s, coalesce(d, d) as d, x, date(day, '+0 days') as day, iif(id > 0, at, null) as at, yes, max(u, u) as u, b, o from batch",
                         VALUES),
                        ("select id, s, d, x, day, at, not yes as yes, u, b, o from batch where yes is not null",
                         [row[:6] + (1 - row[6],) + row[7:] for row in VALUES[:2]])]:
        file = pipeline("typed", '{ type: odbc, connection: from, table: t }', sql, table="t", dictionary=TYPED, sink="{ type: odbc, connection: db, table: t, create: true, mode: replace, allow_empty: true }",
                        params="  rest: { default: a }")
        with open(file) as lines:
            text = lines.read().replace("connections:\n", "connections:\n  from: { type: odbc, connect: \"%s\" }\n" % source.connect)
        run(write("typed.yaml", text.replace("params:\n  rest: { default: a }\n", "")), db=target)
        got = sqlite3.connect(target.path).execute("select %s from t order by id" % ", ".join(names)).fetchall()
        equal(got, wanted, sql)


def test_json():
    """Numbers of JSON are no texts of the dictionary's spelling, and stay numbers."""
    data = write("in.json", json.dumps([{"id": 1, "s": "x", "d": 1.5, "x": 2.5, "day": "03/02/2021", "at": None, "yes": True, "u": None, "b": None, "o": {"k": [1]}},
                                        {"id": 2, "s": "skip"}, {"id": "no", "s": "y"}]))
    db = newdb("sqlite")
    file = pipeline("json", "{ type: json, path: %s }" % data, "select * from batch where s <> 'skip'", table="t", dictionary=TYPED,
                    sink="{ type: odbc, connection: db, table: t, create: true }", params="  rest: { default: a }")
    with open(file) as lines:
        text = lines.read().replace("params:\n  rest: { default: a }\n", "")
    step = step_of(run(write("json.yaml", text), db=db).json, "people")
    equal([step["written"], step["rejected"], skipped(step)], [1, 1, {"filtered": 1}], "the books of JSON")
    equal(sqlite3.connect(db.path).execute("select id, s, d, x, day, yes, o from t").fetchall(), [(1, "x", "1.5000", 2.5, "2021-02-03", 1, '{"k":[1]}')], "JSON")
    equal(sqlite3.connect(db.path).execute("select rule, record from penstock_rejects").fetchall(), [("t.id.type", '{"id": "no", "s": "y"}')], "reject of JSON")


# --- records that the statement does not see ------------------------------------------------------------
def test_faults():
    db = newdb("sqlite")
    with open(tmp("faults.csv"), "wb") as out:
        out.write(b"id,first,last,amount,born,extra\n1,a,b,,,{}\n2,a\n3,a,\xff,,,{}\n\n4,a,b,,,{},more\n5,a,b,,,{}\n")
    file = pipeline("faults", "{ type: csv, path: %s }" % tmp("faults.csv"),
                    "select id, first || last as name, null as amount, null as born, 1 as score, 0 as member, extra from batch", columns="[%s]" % ", ".join(COLUMNS))
    with open(file) as lines:
        text = lines.read().replace('params:\n  rest: { default: "3", type: integer }\n', "")
    step = step_of(run(write("faults.yaml", text), db=db).json, "people")
    equal([step["written"], step["rejected"], skipped(step)], [2, 3, {"blank": 1}], "the books with faults")
    equal(sqlite3.connect(db.path).execute("select record_no, line_no, rule, message from penstock_rejects order by record_no").fetchall(),
          [(2, 3, "people.record-error", "cell 3 is missing, column last"), (3, 4, "people.encoding-error", "no UTF-8: 0xFF at byte 51 of the file"),
           (5, 6, "people.extra-cell", "6 cells expected, 7 found")], "faults")


def test_values():
    """Values that SQL gives and fields do not hold; values that come from a record and ask for the clock; what grows too long."""
    db = newdb("sqlite")
    data = write("values.csv", "id,v\n1,now\n2,2020-01-01\n3,long\n4,real\n5,bytes\n6,text\n7,whole\n")
    sql = """select id, case v when 'long' then printf('%2000d', 1) when 'text' then cast(x'ff41' as text) else v end as name,
case v when 'real' then 1.005 end as amount, case when id < 3 then date(v) end as born, null as score, case v when 'bytes' then x'41' end as member,
null as extra from batch"""
    file = pipeline("values", "{ type: csv, path: %s }" % data, sql, columns="[id, v]", more="limits: { field: 1000 }\n")
    with open(file) as lines:
        text = lines.read().replace('params:\n  rest: { default: "3", type: integer }\n', "")
    step = step_of(run(write("values.yaml", text), db=db).json, "people")
    equal([step["written"], step["rejected"]], [2, 5], "the books of values")
    equal(sqlite3.connect(db.path).execute("select record_no, rule, message from penstock_rejects order by record_no").fetchall(),
          [(1, "people.record-error", "the transform: date() asks for the time of day, which is another one in each run; ${run.started} is when the run began"),
           (3, "people.record-error", "the transform makes name 2000 bytes long, more than limits.field (1000)"),
           (4, "people.amount.type", 'amount "1.005" is not a number with at most 8 digits before and 2 after the decimal point'),
           (5, "people.member.type", "member \"x'41'\" is not a boolean (true is true, True, TRUE, 1; false is false, False, FALSE, 0)"),
           (6, "people.encoding-error", "the transform makes name of bytes that are no text in UTF-8")], "values")


# --- parameters, masks, going on ---------------------------------------------------------------------------
def test_parameters():
    db = newdb("sqlite")
    data = write("parameters.csv", "id,name,amount,born\n1,a,,\n2,b,,\n")
    evil = "x' or '1'='1"
    file = pipeline("parameters", "{ type: csv, path: %s }" % data,
                    "select id, name || ${params.tail} as name, ${params.number} + 1 as amount, ${run.started:%F} as born from batch where id = ${params.number} or name = ${params.tail}",
                    table="t", dictionary=SMALL, params='  tail: { default: "" }\n  number: { default: "2", type: integer }',
                    sink="{ type: odbc, connection: db, table: t, create: true }")
    run(file, "--set", "tail=" + evil, db=db)
    got = sqlite3.connect(db.path).execute("select id, name, amount, length(born) from t").fetchall()
    equal(got, [(2, "b" + evil, 3.0, 10)], "bound parameters")
    done = penstock("plan", file, "--set", "tail=" + evil, db=db)
    equal(done.code, 0, done.tail())
    check("transform, by SQLite" in done.out and "name || ?" in done.out and evil not in done.out, done.out)


def test_masked():
    db = newdb("sqlite")
    data = write("masked.csv", "id,ssn,note\n1,111-22-3333,x\ny,444-55-6666,z\n3,{,w\n")
    dictionary = """
resources:
  - name: t
    schema:
      fields: [{ name: id, type: integer }, { name: secret, type: string, sensitive: true }, { name: name, type: string }]
"""
    file = pipeline("masked", "{ type: csv, path: %s }" % data, "select id, 'a' || ssn as secret, 'n' as name from batch where id <> 3 or json(ssn) is not null",
                    table="t", dictionary=dictionary, columns="[id, ssn, note]", sink="{ type: odbc, connection: db, table: t, create: true }")
    with open(file) as lines:
        text = lines.read().replace('params:\n  rest: { default: "3", type: integer }\n', "")
    run(write("masked.yaml", text), db=db)
    got = sqlite3.connect(db.path).execute("select record, rule from penstock_rejects order by record_no").fetchall()
    equal(got, [("y,***,***", "t.id.type"), ("3,***,***", "t.record-error")], "masked records")
    check("444" not in str(sqlite3.connect(db.path).execute("select * from penstock_rejects").fetchall()), "a sensitive value is kept")


def test_resume():
    records = [record(number) for number in range(1, 3001)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS] + records)
    data = write("resume.csv", out.getvalue())
    whole, broken = newdb("sqlite"), newdb("sqlite")
    sink = "{ type: odbc, connection: db, table: people, create: true, commit: { rows: 200 } }"
    columns = "[%s]" % ", ".join(COLUMNS)
    file = pipeline("resume", "{ type: csv, path: %s }" % data, SQL, columns=columns, sink=sink)
    first = step_of(run(file, db=whole).json, "people")
    interrupt(broken, [file], 0.6)
    other = pipeline("other", "{ type: csv, path: %s }" % data, SQL.replace("* 1.5", "* 2.5"), columns=columns, sink=sink)
    done = penstock("run", other, db=broken)
    equal(done.code, 2, "going on with another transform: " + done.tail())
    second = step_of(run(file, db=broken).json, "people")
    check(second["skipped_by_reason"].get("already_committed", 0) > 0, "it went on: %s" % second)
    equal(second["read"], first["read"], "records read")
    for table, columns in [("people", "*"), ("penstock_rejects", "step, table_name, source, record_no, field, code, rule, record")]:
        sql = "select %s from %s order by 1, 2, 3, 4" % (columns, table)
        equal(sqlite3.connect(broken.path).execute(sql).fetchall(), sqlite3.connect(whole.path).execute(sql).fetchall(), "%s after going on" % table)
    limited = newdb("sqlite")
    step = step_of(run(file, "--limit", "100", db=limited).json, "people")
    equal(step["read"] - step["skipped_by_reason"].get("limit", 0), 100, "--limit counts records of the source")


def test_http():
    try:
        import http_service
    except ImportError:
        return
    db = newdb("sqlite")
    file = pipeline("ingest", "{ type: http }", "select id, upper(name) as name, amount * 2 as amount, born from batch where name <> 'skip'",
                    table="t", dictionary=SMALL.replace("]\n", "]\n      primaryKey: id\n"), sink="{ type: odbc, connection: db, table: t, create: true }")
    with open(file) as lines:
        text = lines.read().replace('params:\n  rest: { default: "3", type: integer }\n', "")
    service = http_service.Service([write("ingest.yaml", text)], env={"PENSTOCK_DB": db.connect})
    answer = service.post("/v1/ingest/people", {"t": [{"id": 1, "name": "a", "amount": 1.5}, {"id": 2, "name": "skip"}, {"id": "x", "name": "b"}, [4, "d", 2, None], [5]]})
    equal(answer.status, 200, answer.body)
    said = answer.json()
    equal([said[key] for key in ("received", "written", "rejected", "skipped")], [5, 2, 2, 1], "the answer's books")
    equal([(reject["index"], reject["rule"]) for reject in said["rejects"]], [(2, "t.id.type"), (4, "t.name.missing-cell")], "rejects over HTTP")
    equal(sqlite3.connect(db.path).execute("select id, name, amount from t order by id").fetchall(), [(1, "A", 3.0), (4, "D", 4.0)], "rows over HTTP")
    answer = service.post("/v1/ingest/people", {"t": [{"id": 9, "name": "skip"}]})
    equal([answer.status, answer.json()["skipped"]], [422, 1], "nothing was written")
    service.end()


def test():
    for each in (test_random, test_refused, test_typed, test_json, test_faults, test_values, test_parameters, test_masked, test_resume, test_http):
        each()
        print(each.__name__[5:], "ok")
    print("%d statements refused, %d random records, seed %d" % (len(REFUSED), ROWS, SEED))


main(test)
