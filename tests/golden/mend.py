"""usage: mend.py

What must come of each replay is worked out here, from the files and with SQL; penstock's own words are only looked for where they tell a person
what to do.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import http_service
from harness import TOP, Failed, books, check, databases, equal, main, newdb, penstock, run, skipped, step_of, tmp

MIGRATE = os.path.join(TOP, "pipelines/migrate.yaml")
REAL = os.path.join(os.environ.get("PENSTOCK_SHARED", os.path.join(TOP, "../shared")), "data/hr")
SAMPLE = os.path.join(TOP, "examples/hr/data")
FIELDS = ["id", "name", "datetime", "department_id", "job_id"]
_made = [0]


def file(text, ending="csv"):
    _made[0] += 1
    path = tmp("f%d.%s" % (_made[0], ending))
    with open(path, "wb") as out:
        out.write(text if isinstance(text, bytes) else text.encode())
    return path


def export(db, *arguments, code=0, **named):
    done = penstock("rejects", "export", *arguments, db=db, **named)
    if done.code != code:
        raise Failed("rejects export %s: wanted exit %s, got %s" % (" ".join(arguments), code, done.tail()))
    return done


def exported(db, *arguments, **named):
    """The header and the rows, as Python's csv reads them."""
    rows = list(csv.reader(io.StringIO(export(db, *arguments, "-", **named).out, newline="")))
    return rows[0], [dict(zip(rows[0], row)) for row in rows[1:]]


def replay(db, pipeline, *arguments, code=0, **named):
    done = penstock("rejects", "replay", pipeline, *arguments, "--json", db=db, **named)
    if done.code != code:
        raise Failed("rejects replay %s: wanted exit %s, got %s" % (" ".join(arguments), code, done.tail()))
    if code in (0, 7):
        books(done.json, done.code)
    return done


def refused(db, pipeline, rows, *words):
    """A file that a replay does not take: exit 2, with the words, and nothing is changed."""
    before = rejects(db)
    done = penstock("rejects", "replay", pipeline, "--from", rows if os.path.exists(rows) else file(rows), db=db)
    equal(done.code, 2, "a file that is refused: " + done.tail())
    for word in words:
        check(word in done.err, "%r is not said: %s" % (word, done.err))
    equal(rejects(db), before, "rejects after a file that was refused")


def totals(done):
    return done.json["read"], done.json["written"], done.json["rejected"], done.json["skipped_by_reason"]


REJECT = ("reject_id", "run_id", "source", "record_no", "line_no", "byte_offset", "field", "code", "rule", "message", "record", "published", "attempts",
          "resolved_run_id")


def rejects(db):
    return {int(row[0]): dict(zip(REJECT, row)) for row in db.query("select %s from penstock_rejects order by reject_id" % ", ".join(REJECT))}


def write(header, rows, delimiter=",", ending="\n", mark=b"", quoting=csv.QUOTE_MINIMAL):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerow(header)
    for row in rows:
        writer.writerow([row[name] for name in header])
    return file(mark + out.getvalue().encode())


# --- the hr data ----------------------------------------------------------------------------------
def employees(folder):
    with open(os.path.join(folder, "hired_employees.csv"), newline="") as source:
        return [dict(zip(FIELDS, row)) for row in csv.reader(source)]


def mended(row):
    """As a person might fill in what is missing."""
    out = dict(row)
    for name, value in (("name", "Not known"), ("datetime", "2021-06-01T00:00:00Z"), ("department_id", "3"), ("job_id", "5")):
        out[name] = out[name] or value
    return out


def target(db):
    when = {"sqlite": "datetime", "postgresql": "to_char(datetime at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
            "mariadb": "date_format(datetime, '%Y-%m-%dT%H:%i:%sZ')"}[db.kind]
    return sorted(db.query("select id, name, %s, department_id, job_id from hired_employees" % when))


def loaded(kind, folder):
    db = newdb(kind)
    run(MIGRATE, "--set", "data=" + folder, db=db)
    return db


def hr(kind, folder, count, form):
    source = employees(folder)
    bad = [row for row in source if not all(row.values())]
    db = loaded(kind, folder)
    before = rejects(db)
    first = next(iter(before.values()))["run_id"]
    equal(len(before), len(bad), "rejects of the hr data")
    header, rows = exported(db, "--run", "latest")
    equal(header, ["reject_id", "rule", "message"] + FIELDS, "columns of the file")
    equal([[row[name] for name in FIELDS] for row in rows], [[row[name] for name in FIELDS] for row in bad], "exported records")
    equal([(int(row["reject_id"]), row["rule"], row["message"]) for row in rows],
          [(one["reject_id"] and int(one["reject_id"]), one["rule"], one["message"]) for one in before.values()], "exported reasons")
    path = form(header, [mended(row) for row in rows])
    dry = penstock("rejects", "replay", MIGRATE, "--from", path, "--dry-run", "--json", db=db)
    equal((dry.code, totals(dry)), (0, (count, 0, 0, {"dry_run": count})), "a dry run")
    equal((rejects(db), db.count("penstock_runs")), (before, 1), "after a dry run")
    done = replay(db, MIGRATE, "--from", path)
    equal(totals(done), (count, count, 0, {}), "books of the replay")
    equal(target(db), sorted(tuple(mended(row)[name] for name in FIELDS) for row in source), "hired_employees")
    after = rejects(db)
    for one in before.values():
        one["resolved_run_id"] = done.json["run_id"]
    equal(after, before, "rejects after the replay")
    equal(db.query("select kind, status, read_rows, written_rows, rejected_rows, skipped_rows, exit_code from penstock_runs where run_id = '%s'"
                   % done.json["run_id"]), [("replay", "succeeded", str(count), str(count), "0", "0", "0")], "the replay in the history")
    again = replay(db, MIGRATE, "--from", path)
    equal(totals(again), (count, 0, 0, {"already_resolved": count}), "replayed again")
    equal((rejects(db), len(target(db))), (after, len(source)), "after it was replayed again")
    equal(totals(replay(db, MIGRATE, "--run", first)), (count, 0, 0, {"already_resolved": count}), "the run replayed again")
    done = export(db, "--run", "latest", tmp("none.csv"))
    check("%d are resolved" % count in done.err and not os.path.exists(tmp("none.csv")), "nothing left to be exported: " + done.err)
    done = run(MIGRATE, "--set", "data=" + folder, db=db)
    equal(skipped(step_of(done.json, "hired_employees")), {"already_loaded": len(source)}, "loaded again after the replay")


def drawn():
    """As the real data, for those who do not have it."""
    folder = tmp("drawn")
    if not os.path.exists(folder):
        shutil.copytree(SAMPLE, folder)
        with open(os.path.join(folder, "hired_employees.csv"), "w", newline="") as out:
            for i in range(1, 1001):
                row = [str(i), "Name %d" % i, "2021-%02d-%02dT10:00:00Z" % (i % 12 + 1, i % 28 + 1), str(i % 5 + 1), str(i % 5 + 1)]
                if i % 37 == 0:
                    row[i // 37 % 4 + 1] = ""
                out.write(",".join(row) + "\n")
    return folder, 1000 // 37


def plain(header, rows):
    return write(header, rows)


def spreadsheet(header, rows):
    """Semicolons, CR LF, a byte order mark, quotes everywhere, columns in another order, rule and message gone, empty lines at the end."""
    names = ["job_id", "name"] + [name for name in header if name not in ("job_id", "name", "rule", "message")]
    path = write(names, rows, delimiter=";", ending="\r\n", mark=b"\xef\xbb\xbf", quoting=csv.QUOTE_ALL)
    return path


def told_delimiter(header, rows):
    return write(header, rows, delimiter=";", mark=b"sep=;\r\n")


# --- small tables ---------------------------------------------------------------------------------
DICTIONARY = """
resources:
  - name: parents
    schema:
      fields: [{ name: id, type: integer }, { name: label, type: string, constraints: { required: true, maxLength: 20 } }]
      primaryKey: id
  - name: items
    schema:
      fields:
        - { name: id, type: integer }
        - { name: code, type: string, constraints: { required: true, maxLength: 10, unique: true } }
        - { name: parent, type: integer }
        - { name: amount, type: number, precision: 10, scale: 2, constraints: { minimum: 0 } }
        - { name: seen, type: date }
        - { name: note, type: string }
      primaryKey: id
      foreignKeys: [{ fields: parent, reference: { resource: parents, fields: id } }]
"""
ITEM = ["id", "code", "parent", "amount", "seen", "note"]


def pipeline(name, steps, dictionary=DICTIONARY):
    """steps: (name, table, source, sink and what else)."""
    described = file(dictionary, "yaml")
    lines = ["version: 1", "name: " + name, "dictionary: " + described, 'connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }', "steps:"]
    for step, table, source, sink, *rest in steps:
        lines += ["  - name: " + step, "    source: { %s }" % source, "    rules: { table: %s%s }" % (table, rest[0] if rest else ""),
                  "    sink: { %s }" % sink]
    return file("\n".join(lines) + "\n", "yaml")


def append(table, more=""):
    return "type: odbc, connection: db, table: %s, mode: append, create: true%s" % (table, more)


def csv_of(path, more="header: false"):
    return "type: csv, path: %s, %s" % (path, more)


def items(db):
    return sorted(db.query("select id, code, parent, amount, seen, note from items"), key=lambda row: int(row[0]))


def world(kind, parents, rows, more="header: false", rules="", mode=None, name="world"):
    """A database, its pipeline and the file that is loaded."""
    db = newdb(kind)
    one, two = file(parents), file(rows)
    sink = append("items") if not mode else append("items").replace("mode: append", mode)
    path = pipeline(name, [("parents", "parents", csv_of(one), append("parents")), ("items", "items", csv_of(two, more), sink, rules)])
    run(path, db=db)
    return db, path, two


def rows_of_every_kind(kind):
    """One file in which each row meets another end."""
    text = ("1,a,1,1.00,2021-01-01,good\n" "2,,1,1.00,2021-01-01,no code\n" "3,c,9,1.00,2021-01-01,no parent\n" "4,d,1,-1,2021-01-01,too little\n"
            "5,e,1,1.00,31/12/2021,a date\n" "6,f,1,1.00,2021-01-01,\"a, \"\"b\"\"\nc\",more\n" "7,g,1\n" "8,muchtoolongacode,1,1.00,2021-01-01,long\n"
            "9,a,1,1.00,2021-01-01,the code of 1\n" "1,z,1,1.00,2021-01-01,the id of 1\n" "10,,1,1.00,2021-01-01,=1+1\n" "11,,1,1.00,2021-01-01,left out\n")
    db, path, source = world(kind, "1,one\n2,two\n", text)
    before = rejects(db)
    equal(len(before), 11, "rejects of items")
    header, rows = exported(db, "--run", "latest", "--table", "items")
    equal(header, ["reject_id", "rule", "message"] + ITEM + ["extra"], "columns where a record has too many cells")
    cells = list(csv.reader(io.StringIO(text, newline="")))
    bad = [row for row in cells if row[-1] != "good"]
    equal([[row[name] for name in ITEM] + [row["extra"]] for row in rows], [(row + [""] * 7)[:7] for row in bad], "records, cell by cell")
    of = {row["note"] or row["id"]: row for row in rows}

    def mend(note, **values):
        of[note].update(values)
        return of[note]

    give = [mend("no code", code="b"), mend("no parent", parent="2"), mend("too little", amount="1,5"), mend("a date", seen="2021-12-31"),
            mend('a, "b"\nc', extra="", code="f"), mend("7", amount="0", seen="2021-02-02"), mend("long", code="short"), mend("the code of 1", code="b"),
            mend("the id of 1", id="12"), mend("=1+1", code="form"), dict(of["=1+1"], code="twice")]
    strangers = [dict(of["no code"], reject_id="999999"), dict(of["no code"], reject_id="one"), dict(of["no code"], reject_id="")]
    done = replay(db, path, "--from", write(header, give + strangers))
    # amount 1,5 is no number; the code b of the second comes after that of the first.
    equal(totals(done), (14, 8, 2, {"no_such_reject": 3, "repeated": 1}), "books of a mixed file: " + done.err)
    equal(step_of(done.json, "items")["rejects_by_rule"], {"items.amount.type": 1, "items.code.unique": 1}, "rules of those rejected again")
    when = "2021-01-01"
    wanted = [("1", "a", "1", "1.00", when, "good"), ("2", "b", "1", "1.00", when, "no code"), ("3", "c", "2", "1.00", when, "no parent"),
              ("5", "e", "1", "1.00", "2021-12-31", "a date"), ("6", "f", "1", "1.00", when, 'a, "b"\nc'), ("7", "g", "1", "0.00", "2021-02-02", None),
              ("8", "short", "1", "1.00", when, "long"), ("10", "form", "1", "1.00", when, "=1+1"), ("12", "z", "1", "1.00", when, "the id of 1")]
    got = [row[:3] + ("%.2f" % float(row[3]),) + row[4:] for row in items(db)]
    equal(got, wanted, "items after the replay")
    after = rejects(db)
    again = {int(of[note]["reject_id"]): rule for note, rule in (("too little", "items.amount.type"), ("the code of 1", "items.code.unique"))}
    for key, one in before.items():
        if key in again:
            equal((after[key]["rule"], after[key]["attempts"], after[key]["resolved_run_id"]), (again[key], "2", None), "a record rejected again")
            check(after[key]["message"] != one["message"], "the message is that of now: " + after[key]["message"])
            same = ("run_id", "source", "record_no", "line_no", "byte_offset", "record", "published")
            equal([after[key][name] for name in same], [one[name] for name in same], "what stays of a reject")
        else:
            left = one["record"].endswith("left out")
            equal(after[key], dict(one, resolved_run_id=None if left else done.json["run_id"]), "the other rejects")
    for word in ("there is no reject 999999", "\"one\" is no reject_id", "is in the file twice"):
        check(word in done.err, "%r is not said: %s" % (word, done.err))
    # What is still to be mended, and nothing else.
    equal(sorted(row["reject_id"] for row in exported(db, "--run", before[min(before)]["run_id"])[1]),
          sorted(str(key) for key in list(again) + [int(of["left out"]["reject_id"])]), "exported again")
    return db, path, header, of


def forms_that_are_refused(kind):
    db, path, header, of = rows_of_every_kind(kind)
    row = of["left out"]
    names = [name for name in header if name != "extra"]
    refused(db, path, write([name for name in names if name != "parent"], [row]), "column \"parent\" is missing", ":1")
    refused(db, path, write([name for name in names if name != "reject_id"], [row]), "has no column \"reject_id\"")
    refused(db, path, write(names + ["extr"], [dict(row, extr="")]), "\"extr\" is no field of table items (did you mean \"extra\"?)")
    refused(db, path, ",".join(names + ["id"]) + "\n", "has no row")
    refused(db, path, ",".join(names + ["id"]) + "\n%s,x\n" % row["reject_id"], "column \"id\" is there twice")
    refused(db, path, ",".join(names) + "\n%s,r,m,1,x,1,1,2021-01-01,a,b,c\n" % row["reject_id"], ":2: the row has 11 cells, the header 9")
    refused(db, path, ",".join(names) + "\n%s,r,m,1,\"x,1,1,2021-01-01,a\n" % row["reject_id"], ":2: a quote that is opened in this row is still open")
    refused(db, path, ",".join(names) + "\n%s,r,m,1,\"x\"y,1,1,2021-01-01,a\n" % row["reject_id"], "a closing quote is followed by")
    refused(db, path, ("\ufeff" + ",".join(names) + "\n").encode("utf-16-le"), "UTF-8")
    refused(db, path, b"PK\x03\x04 and so on\n", "workbook")
    refused(db, path, b"", "has no column \"reject_id\"")
    refused(db, path, ",".join(names) + "\n999999,r,m,1,x,1,1,2021-01-01,a\n", "none of its reject_ids is in the database")
    equal(penstock("rejects", "replay", path, "--from", tmp("nowhere.csv"), db=db).code, 4, "a file that is not there")
    for arguments in ((), ("--from", "a", "--run", "b"), ("--from", "a", "--rule", "b")):
        equal(penstock("rejects", "replay", path, *arguments, db=db).code, 2, "arguments %r" % (arguments,))
    # A cell that is no UTF-8 is a reject like that of a file.
    broken = write(names, [dict(row, code="k", note="caf_")])
    with open(broken, "rb") as source:
        text = source.read().replace(b"caf_", b"caf\xe9")
    done = replay(db, path, "--from", file(text))
    equal((totals(done), step_of(done.json, "items")["rejects_by_rule"]), ((1, 0, 1, {}), {"items.encoding-error": 1}), "a file in Latin-1")
    equal(totals(replay(db, path, "--from", write(names, [dict(row, code="k")]))), (1, 1, 0, {}), "and mended")


def meanwhile(kind):
    """A key that somebody else has taken since; two mended rows with one key; the same with upsert."""
    text = "1,,1,1,2021-01-01,x\n2,,1,1,2021-01-01,y\n3,,1,1,2021-01-01,z\n"
    db, path, source = world(kind, "1,one\n", text)
    db.execute("insert into items (id, code, parent, amount, seen, note) values (1, 'taken', 1, 1, '2021-01-01', 'other')")
    header, rows = exported(db, "--run", "latest")
    for row, code in zip(rows, "abc"):
        row["code"] = code
    rows[2]["id"] = "2"
    done = replay(db, path, "--from", write(header, rows))
    equal((totals(done), step_of(done.json, "items")["rejects_by_rule"]), ((3, 1, 2, {}), {"items.id.primary-key": 2}), "keys that are taken")
    equal([row[:2] for row in items(db)], [("1", "taken"), ("2", "b")], "rows of append")
    db, path, source = world(kind, "1,one\n", text, mode="mode: upsert")
    db.execute("insert into items (id, code, parent, amount, seen, note) values (1, 'taken', 1, 1, '2021-01-01', 'other')")
    header, rows = exported(db, "--run", "latest")
    for row, code in zip(rows, "abc"):
        row["code"] = code
    rows[2]["id"] = "2"
    done = replay(db, path, "--from", write(header, rows))
    equal((totals(done), step_of(done.json, "items")["rejects_by_rule"]), ((3, 2, 1, {}), {"items.id.primary-key": 1}), "an upsert")
    equal([(row[0], row[1], row[5]) for row in items(db)], [("1", "a", "x"), ("2", "b", "y")], "rows of upsert")


def unpublished_and_strangers(kind):
    """A step over its limit; a step that replaces; another pipeline; several steps."""
    db = newdb(kind)
    one, two = file("1,one\n2,\n"), file("1,,1,1,2021-01-01,x\n2,b,1,1,2021-01-01,y\n")
    steps = [("parents", "parents", csv_of(one), append("parents")), ("items", "items", csv_of(two), append("items"), ", max_rejects: 0")]
    path = pipeline("limited", steps)
    run(path, db=db, code=3)
    before = rejects(db)
    equal(sorted(row["published"] for row in before.values()), ["0", "1"], "rejects of a step over its limit")
    out = tmp("unpublished.csv")
    header, rows = exported(db, "--run", "latest")
    equal([row["id"] for row in rows], ["2"], "only what is published is exported")
    done = replay(db, path, "--run", "latest")
    equal(totals(done), (2, 0, 1, {"unpublished": 1}), "the run replayed")
    check("published = 0" in done.err and "run the pipeline again" in done.err, "why unpublished rejects are left alone: " + done.err)
    hidden = next(key for key, row in before.items() if row["published"] == "0")
    rows = [{"reject_id": str(hidden), "rule": "", "message": "", "id": "1", "code": "a", "parent": "1", "amount": "1", "seen": "", "note": ""}]
    equal(totals(replay(db, path, "--from", write(["reject_id", "rule", "message"] + ITEM, rows))), (1, 0, 0, {"unpublished": 1}), "from a file")
    equal(rejects(db)[hidden], before[hidden], "the unpublished reject")
    check("published = 0" in export(db, "--run", "latest", "--table", "items", out).err and not os.path.exists(out), "nothing of it is exported")

    # Two tables with rejects in one run.
    db = newdb(kind)
    path = pipeline("two", [(name, table, source, sink) for name, table, source, sink, *rest in steps])
    run(path, db=db)
    done = export(db, "--run", "latest", out, code=2)
    check("items of step items (1), parents of step parents (1)" in done.err and "--table" in done.err, "several tables: " + done.err)
    first, parents = exported(db, "--run", "latest", "--table", "parents")
    second, children = exported(db, "--run", "latest", "--step", "items")
    children[0].update(code="a", parent="2")
    parents[0]["label"] = "two"
    child, parent = write(second, children), write(first, parents)
    equal(totals(replay(db, path, "--from", child)), (1, 0, 1, {}), "a child before its parent")
    equal(totals(replay(db, path, "--from", parent)), (1, 1, 0, {}), "the parent")
    equal(totals(replay(db, path, "--from", child)), (1, 1, 0, {}), "the child")
    equal([row[:3] for row in items(db)], [("1", "a", "2"), ("2", "b", "1")], "both tables")
    other = pipeline("other", [(name, table, source, sink) for name, table, source, sink, *rest in steps])
    refused(db, other, child, "are of pipeline \"two\"", "is \"other\"")
    done = penstock("rejects", "replay", path, "--from", child, "--step", "parents", db=db)
    check(done.code == 2 and "--step leaves out" in done.err, "rows of another step: " + done.tail())

    replaced = pipeline("two", [(name, table, source, sink.replace("append", "replace"), ", max_rejects: 100%") for name, table, source, sink, *rest in steps[:1]])
    run(replaced, db=newdb(kind))
    db = newdb(kind)
    run(replaced, db=db)
    header, rows = exported(db, "--run", "latest", "--pipeline", replaced)
    refused(db, replaced, write(header, rows), "replaces table parents as a whole", "run the step again")


def parents_that_came(kind):
    """The originals: from their file, from the store, or gone; whatever the dialect."""
    for more, build in (("header: false", lambda rows: rows), ("header: true", lambda rows: ["note,id,code,seen,amount,parent"] + [
            ",".join((f[5], f[0], f[1], f[4], f[3], f[2])) for f in (row.split(",") for row in rows)]),
            ('header: false, delimiter: ";"', lambda rows: [row.replace(",", ";") for row in rows])):
        rows = ["%d,c%d,%d,1.5,2021-01-01,n%d" % (i, i, 1 + i % 3, i) for i in range(1, 31)]
        db, path, source = world(kind, "1,one\n", "\n".join(build(rows)) + "\n", more=more)
        equal(len(rejects(db)), 20, "children without parents (%s)" % more)
        db.execute("insert into parents (id, label) values (2, 'two')")
        done = replay(db, path, "--run", "latest")
        equal(totals(done), (20, 10, 10, {}), "from the file (%s)" % more)
        # The file is changed: what is in it is no longer what was read.
        with open(source, "a") as out:
            out.write("\n")
        db.execute("insert into parents (id, label) values (3, 'three')")
        first = rejects(db)
        done = replay(db, path, "--run", "latest")
        if more == "header: true":
            equal(totals(done), (20, 0, 0, {"already_resolved": 10, "source_gone": 10}), "columns of a header that is gone")
            check("source gone" in done.err and "changed since it was loaded" in done.err, done.err)
            equal(rejects(db), first, "rejects whose source is gone")
            kept = file("\n".join(build(rows)) + "\n")
            equal(totals(replay(db, path, "--run", "latest", "--source", kept)), (20, 10, 0, {"already_resolved": 10}), "the file in another place")
        else:
            equal(totals(done), (20, 10, 0, {"already_resolved": 10}), "from the store (%s)" % more)
        equal([row[:3] + row[5:] for row in items(db)], [tuple(row.split(",")[i] for i in (0, 1, 2, 5)) for row in rows], "all items (%s)" % more)


def too_long_for_the_store(kind):
    """Records beyond 64 KiB, and bytes that are no UTF-8."""
    long = "x" * 70000
    text = "1,,1,1,2021-01-01,%s\n" % long + "2,,1,1,2021-01-01,short\n"
    db, path, source = world(kind, "1,one\n", text)
    header, rows = exported(db, "--run", "latest")
    equal([len(row["note"]) for row in rows], [70000, 5], "a record that the store has cut")
    rows[0]["code"] = "a"
    mended_file = write(header, rows)
    os.unlink(source)
    done = export(db, "--run", "latest", "-")
    equal([row["note"] for row in csv.DictReader(io.StringIO(done.out))], ["short"], "once its file is gone")
    check("source gone: reject 1" in done.err or "source gone" in done.err, done.err)
    equal(totals(replay(db, path, "--from", mended_file)), (2, 1, 1, {}), "its export still goes")
    equal(totals(replay(db, path, "--run", "latest")), (2, 0, 1, {"already_resolved": 1}), "the originals")
    equal(items(db)[0][5], long, "the long value")

    db, path, source = world(kind, "1,one\n", b"1,a,1,1,2021-01-01,caf\xe9\n2,b,1,1,2021-01-01,C:\\x41\n3,,1,1,2021-01-01,C:\\x41\n")
    header, rows = exported(db, "--run", "latest")
    equal([row["note"] for row in rows], ["caf\\xE9", "C:\\x41"], "bytes that are no UTF-8")
    rows[1]["code"] = "c"
    equal(totals(replay(db, path, "--from", write(header, rows))), (2, 1, 1, {}), "an escape is no text")
    rows[0]["note"] = "café"
    equal(totals(replay(db, path, "--from", write(header, rows))), (2, 1, 0, {"already_resolved": 1}), "and mended")
    equal([row[5] for row in items(db)], ["café", "C:\\x41", "C:\\x41"], "notes")


def masked(kind):
    dictionary = DICTIONARY.replace("{ name: note, type: string }", "{ name: note, type: string, sensitive: true }")
    db = newdb(kind)
    source = file("1,,1,1,2021-01-01,secret one\n2,,1,1,2021-01-01,\n3,,1,1,2021-01-01,secret three\n")
    path = pipeline("masked", [("parents", "parents", csv_of(file("1,one\n")), append("parents")), ("items", "items", csv_of(source), append("items"))], dictionary)
    run(path, db=db)
    done = export(db, "--run", "latest", "-")
    check("secret" not in done.out, "a sensitive value is exported")
    header, rows = exported(db, "--run", "latest")
    equal([row["note"] for row in rows], ["***", "", "***"], "masked values")
    for row, code in zip(rows, "abc"):
        row["code"] = code
    rows[0]["note"] = "filled in"
    done = replay(db, path, "--from", write(header, rows))
    equal(totals(done), (3, 2, 0, {"masked": 1}), "a value that is still masked")
    check("note of reject" in done.err and "still masked" in done.err, done.err)
    done = replay(db, path, "--run", "latest")
    equal(totals(done), (3, 0, 1, {"already_resolved": 2}), "the original is judged by its real values")
    with open(source, "a") as out:
        out.write("\n")
    equal(totals(replay(db, path, "--run", "latest")), (3, 0, 0, {"already_resolved": 2, "source_gone": 1}), "the store has masks alone")
    equal([(row[0], row[5]) for row in items(db)], [("1", "filled in"), ("2", None)], "items")


def names_that_clash(kind):
    """Fields that are called as our columns are."""
    db = newdb(kind)
    dictionary = ("resources:\n  - name: mail\n    schema:\n      fields: [{ name: reject_id, type: integer }, { name: message, type: string, "
                  "constraints: { required: true } }, { name: extra, type: string }]\n")
    path = pipeline("mail", [("mail", "mail", csv_of(file("7,,a\n8,hello,b,c\n")), append("mail"))], dictionary)
    run(path, db=db)
    header, rows = exported(db, "--run", "latest")
    equal(header, ["penstock.reject_id", "rule", "penstock.message", "reject_id", "message", "extra", "penstock.extra"], "columns")
    equal([(row["reject_id"], row["extra"], row["penstock.extra"]) for row in rows], [("7", "a", ""), ("8", "b", "c")], "values")
    rows[0]["message"], rows[1]["penstock.extra"] = "hi", ""
    equal(totals(replay(db, path, "--from", write(header, rows))), (2, 2, 0, {}), "replayed")
    equal(sorted(db.query("select reject_id, message, extra from mail")), [("7", "hi", "a"), ("8", "hello", "b")], "rows")


def json_records(kind):
    """JSON from a file, and rows over HTTP."""
    db = newdb(kind)
    source = file(json.dumps([{"id": 1, "code": None, "parent": 1, "amount": 12.50, "seen": None, "note": "a \"q\""}, {"id": 2, "code": "b", "parent": 7},
                              {"id": 3, "code": "c", "odd": True}]), "json")
    path = pipeline("jsons", [("parents", "parents", csv_of(file("1,one\n")), append("parents")),
                              ("items", "items", "type: json, path: " + source, append("items"))])
    run(path, db=db)
    header, rows = exported(db, "--run", "latest")
    equal([(row["id"], row["code"], row["amount"], row["seen"], row["note"]) for row in rows],
          [("1", "", "12.5", "", 'a "q"'), ("2", "b", "", "", ""), ("3", "c", "", "", "")], "JSON in columns")
    equal(json.loads(rows[2]["extra"]), {"id": 3, "code": "c", "odd": True}, "a key that is of no field")
    os.unlink(source)
    db.execute("insert into parents (id, label) values (7, 'seven')")
    equal(totals(replay(db, path, "--run", "latest")), (3, 1, 2, {}), "from the store")
    rows[0]["code"], rows[2]["extra"] = "a", ""
    equal(totals(replay(db, path, "--from", write(header, rows))), (3, 2, 0, {"already_resolved": 1}), "mended")
    equal([row[:3] for row in items(db)], [("1", "a", "1"), ("2", "b", "7"), ("3", "c", None)], "items")

    db = newdb(kind)
    ingest = os.path.join(TOP, "pipelines/ingest.yaml")
    service = http_service.Service([ingest], env={"PENSTOCK_DB": db.connect}, name="mend-" + kind)
    body = {"departments": [{"id": 1, "department": "d"}], "jobs": [[1, "j"]],
            "hired_employees": [{"id": 1, "name": "a", "datetime": "2021-11-07T02:48:42Z", "department_id": 2, "job_id": 1},
                                [2, None, "2021-11-07T02:48:42Z", 1, 1]]}
    answer = service.post("/v1/ingest/ingest", body).json()
    equal((answer["written"], answer["rejected"]), (2, 2), "a request")
    service.stop()
    db.execute("insert into departments (id, department) values (2, 'e')")
    equal(totals(replay(db, ingest, "--run", answer["run_id"])), (2, 1, 1, {}), "a request once more")
    header, rows = exported(db, "--run", answer["run_id"])
    equal([[row[name] for name in FIELDS] for row in rows], [["2", "", "2021-11-07T02:48:42Z", "1", "1"]], "a row of a request")
    rows[0]["name"] = "b"
    equal(totals(replay(db, ingest, "--from", write(header, rows))), (1, 1, 0, {}), "mended")
    equal(db.count("hired_employees"), 2, "employees")


def other_stores(kind):
    """A sink that is a file; an export over a file that is there; the program's own words on stdout."""
    db = newdb(kind)
    out = tmp("rows.csv")
    path = file("version: 1\nname: files\ndictionary: %s\nsteps:\n  - name: parents\n    source: { %s }\n    rules: { table: parents }\n"
                "    sink: { type: csv, path: %s }\n" % (file(DICTIONARY, "yaml"), csv_of(file("1,\n")), out), "yaml")
    equal(penstock("run", path, db=db).code, 0, "a pipeline into a file")
    done = penstock("rejects", "replay", path, "--run", "latest", db=db)
    check(done.code == 2 and "mend the source and run it again" in done.err, "rejects in a file: " + done.tail())
    db, path, source = world(kind, "1,one\n", "1,,1,1,2021-01-01,x\n")
    target_file = file("old")
    export(db, "--run", "latest", target_file)
    with open(target_file) as made:
        text = made.read()
    check(text.startswith("reject_id,rule,message,id,code"), "an export in the place of a file")
    equal(penstock("rejects", "export", "--run", "latest", os.path.join(tmp("nofolder"), "x.csv"), db=db).code != 0, True, "a folder that is not there")
    export(db, "--run", "00", target_file, code=2)
    export(db, target_file, code=2)
    with open(target_file) as made:
        equal(made.read(), text, "the file after exports that failed")
    moved = tmp("moved.yaml")
    shutil.move(path, moved)
    done = export(db, "--run", "latest", target_file, code=2)
    check("--pipeline FILE" in done.err, "a pipeline that was moved: " + done.err)
    equal(export(db, "--run", "latest", "--pipeline", moved, "-").out, text, "named by hand")
    done = penstock("rejects", "replay", moved, "--run", "latest", "--quiet", db=db)
    equal((done.code, done.out, done.err), (0, "", ""), "--quiet")


def hints(kind):
    rows = ["%d,%s,%d,%s,%s,n" % (i, "abcdefghijklmnop"[:11 + i % 3] if i <= 30 else "c%d" % i, 7 if 30 < i <= 50 else 8 if i <= 55 else 1, "1", "2021-01-01")
            for i in range(1, 61)]
    rows += ["%d,d%d,1,1,%02d/12/2021,n" % (i, i, i % 28 + 1) for i in range(61, 71)] + ["%d,,1,1,2021-01-01,n" % i for i in range(71, 74)]
    rows += ["%d,e%d,1,-%d,2021-01-01,n" % (i, i, i) for i in range(74, 76)]
    db, path, source = world(kind, "1,one\n", "\n".join(rows) + "\n")
    counted = dict(db.query("select rule, count(*) from penstock_rejects group by rule"))
    done = penstock("rejects", "top", "--run", "latest", "--json", db=db)
    said = {one["rule"]: one for one in map(json.loads, done.out.splitlines())}
    equal({rule: str(one["rejects"]) for rule, one in said.items()}, counted, "counts by rule")
    equal([one["rejects"] for one in map(json.loads, done.out.splitlines())], sorted((int(n) for n in counted.values()), reverse=True), "their order")
    for rule, hint in (("items.code.maxLength", "30 rows too long; longest 13, limit 10"), ("items.parent.foreign-key", "most frequent unknown parent: 7 (20 times)"),
                       ("items.code.required", "3 empty: required"), ("items.amount.minimum", "from -75 to -74; is below the minimum 0")):
        equal(said[rule]["hint"], hint, "the hint for " + rule)
    check("10 are dates in the form DD/MM/YYYY: set format" in said["items.seen.type"]["hint"], "a form of dates: %r" % said["items.seen.type"])
    # The form that is set already is not told to be set: the day is the one that is none.
    with open(tmp("days.yaml"), "w") as out:
        out.write("resources: [{ name: days, schema: { fields: [{ name: day, type: date, format: '%d.%m.%Y' }] } }]\n")
    with open(tmp("daysload.yaml"), "w") as out:
        out.write('version: 1\nname: days\ndictionary: days.yaml\nconnections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }\n'
                  "source: { type: csv, path: %s, header: false }\nsink: { type: odbc, connection: db, table: days, create: true }\n"
                  % json.dumps(file("28.02.2021\n31.02.2021\n")))
    run(tmp("daysload.yaml"), db=db)
    done = penstock("rejects", "top", "--run", "latest", "--json", db=db)
    equal(json.loads(done.out)["hint"], "1 has the form that is set, but there is no such date", "a day that no calendar has")
    # Masks have no length and no number of their own, and a value that comes once is not the most frequent one.
    path = pipeline("secrets", [("secrets", "secrets", csv_of(file("1;12345\n2;123456\n3;4\n4;5\n"), "header: false, delimiter: ';'"), append("secrets"))],
                    "resources: [{ name: secrets, schema: { fields: [{ name: id, type: integer, constraints: { enum: [1, 2] } }, "
                    "{ name: pin, type: string, sensitive: true, constraints: { maxLength: 4 } }] } }]\n")
    db = newdb(kind)
    run(path, db=db)
    said = {one["rule"]: one["hint"] for one in map(json.loads, penstock("rejects", "top", "--json", db=db).out.splitlines())}
    equal(said, {"secrets.pin.maxLength": "2 rows too long; values are masked, limit 4", "secrets.id.enum": "value of id: none comes twice, such as 3"}, "hints of masks")
    # Numbers: what is too long for its field, and what is spelled in another way than the dictionary says, in both directions.
    for style, value, wanted in (("", "1.2345", "1 has more digits than the field takes: raise its precision or scale"),
                                 ("", "123456789.5", "1 has more digits than the field takes: raise its precision or scale"),
                                 ("", "1,5", "1 has a comma before its fraction: set decimalChar \",\""),
                                 ("", "1,234.50", "1 has groups of digits: set groupChar"),
                                 (", decimalChar: ','", "1,2345", "1 has more digits than the field takes: raise its precision or scale"),
                                 (", decimalChar: ','", "1.5", "1 has a point before its fraction: set decimalChar \".\""),
                                 ("", "(5)", "1 is negative in another way than -5 (brackets, a minus sign behind, or one of Unicode): a transform can rewrite it"),
                                 (", bareNumber: false", "5.00-", "1 is negative in another way than -5 (brackets, a minus sign behind, or one of Unicode): a transform can rewrite it"),
                                 (", bareNumber: false", "\u2212 5", "1 is negative in another way than -5 (brackets, a minus sign behind, or one of Unicode): a transform can rewrite it"),
                                 (", decimalChar: ',', groupChar: '.'", "1.234.567,899", "1 has more digits than the field takes: raise its precision or scale")):
        path = pipeline("amounts", [("amounts", "amounts", csv_of(file("1;%s\n" % value), "header: false, delimiter: ';'"), append("amounts"))],
                        "resources: [{ name: amounts, schema: { fields: [{ name: id, type: integer }, { name: candidate, type: number, precision: 8, scale: 2%s }] } }]\n" % style)
        db = newdb(kind)
        run(path, db=db)
        equal(json.loads(penstock("rejects", "top", "--json", db=db).out)["hint"], wanted, "the hint for %s%s" % (value, style))
    db = world(kind, "1,one\n", "\n".join(rows) + "\n")[0]
    text = penstock("rejects", "top", db=db).out
    check("30 rows too long" in text and "items.code.required" in text, text)
    equal(penstock("rejects", "top", "--table", "none", db=db).out, "", "none of that table")


def work():
    for kind in databases():
        hr(kind, *drawn(), plain)
        if os.path.exists(os.path.join(REAL, "hired_employees.csv")):
            for form in (plain, spreadsheet, told_delimiter):
                hr(kind, REAL, 70, form)
        forms_that_are_refused(kind)
        for part in (meanwhile, unpublished_and_strangers, parents_that_came, too_long_for_the_store, masked, names_that_clash, json_records, other_stores, hints):
            part(kind)


if __name__ == "__main__":
    main(work)
