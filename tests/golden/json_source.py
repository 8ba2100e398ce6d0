"""JSON files as sources: Python's json writes them in every form, and what must come of them is counted by Python.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import random
import re
import subprocess
import sys
from decimal import Decimal

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import PENSTOCK, check, databases, equal, environment, main, newdb, penstock, run, tmp

ROWS = int(sys.argv[sys.argv.index("--rows") + 1])
FIELDS = ["id", "name", "price", "day", "ok"]
DICTIONARY = """resources:
  - name: t
    schema:
      fields:
        - { name: id, type: integer }
        - { name: name, type: string, constraints: { maxLength: 40 } }
        - { name: price, type: number, precision: 30, scale: 10 }
        - { name: day, type: date }
        - { name: ok, type: boolean }
      primaryKey: id
  - name: marks
    schema:
      fields:
        - { name: id, type: integer }
        - { name: price, type: number, precision: 20, scale: 3, decimalChar: ",", groupChar: "." }
        - { name: doc, type: any }
        - { name: object, type: object }
        - { name: list, type: array }
        - { name: at, type: datetime, format: "%d/%m/%Y %H:%M", missingValues: ["", "never"] }
        - { name: secret, type: string, sensitive: true }
      primaryKey: id
"""
NUMBER = re.compile(r'"@([-.0-9]+)@"')  # of digits that no float of Python keeps
TEXTS = ["plain", "", 'quote " and \\', "é€😀", "line\nend\ttab", "\u2028", "[1,{", " spaces ", "\x7f\x01"]


def same(got, wanted, what):
    """Tells the first row that differs alone."""
    equal(len(got), len(wanted), what)
    for left, right in zip(got, wanted):
        equal(left, right, what)


def made():
    """Records as Python values; None: null."""
    source = random.Random(4)
    out = []
    for number in range(ROWS):
        price = "%d.%s" % (source.randrange(10 ** source.randrange(1, 19)), "".join(source.choice("0123456789") for _ in range(10)))
        out.append({"id": number + 1, "name": source.choice(TEXTS) or None, "price": source.choice([price, "-" + price, None]),
                    "day": source.choice(["2021-11-07", None]), "ok": source.choice([True, False, None])})
    return out


def spelled(row, source, as_array):
    """One record as text, in any spelling that JSON allows for it."""
    row = dict(row, price=None if row["price"] is None else "@%s@" % row["price"])
    loose = {"separators": source.choice([(",", ":"), (", ", ": "), (" ,\t", " : ")]), "ensure_ascii": source.random() < 0.5}
    if as_array:
        return NUMBER.sub(r"\1", json.dumps([row[name] for name in FIELDS], **loose))
    names = [name for name in FIELDS if row[name] is not None or source.random() < 0.5]
    source.shuffle(names)
    return NUMBER.sub(r"\1", json.dumps({name: row[name] for name in names}, **loose))


def dump(name, text):
    path = tmp(name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


def pipeline(name, path, table="t", source="", rules="", sink="mode: append, create: true"):
    dump("dictionary.yaml", DICTIONARY)
    return dump(name + ".yaml", """version: 1
name: %s
dictionary: dictionary.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - { name: load, source: { %s, path: "%s" }, rules: { table: %s%s }, sink: { type: odbc, connection: db, table: %s, %s } }
""" % (name, source or "type: json", path, table, rules, table, sink))


def forms(rows):
    """(name, text, options of the source) of the same records."""
    source = random.Random(5)
    objects = [spelled(row, source, False) for row in rows]
    mixed = [spelled(row, source, source.random() < 0.5) for row in rows]
    yield "array", "[" + ",\n ".join(objects) + "]\n", ""
    yield "one_line", "\ufeff[" + ",".join(mixed) + "]", ", lines: false"
    yield "pointer", '{"meta": {"rows": [1, "]"]}, "a/b": [{}, {"rows": [%s]}], "tail": [[{"x": "\\u005d"}]]}' % " , ".join(mixed), ', pointer: "/a~1b/1/rows"'
    yield "lines", "\n".join(objects) + "\n", ""
    yield "lines_crlf", "\r\n".join(mixed), ', lines: "true"'


def test_forms(kind):
    rows = made()
    path = tmp("rows.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for row in rows:
            writer.writerow(["" if row[name] is None else str(row[name]).lower() if name == "ok" else row[name] for name in FIELDS])
    db = newdb(kind)
    run(pipeline("csv", path, source="type: csv"), db=db)
    names, wanted = dbdump.table_rows(db, "t")
    equal(len(wanted), ROWS, "rows of the CSV")
    # Not only the same as of CSV: Python's own values.
    price = {row["id"]: row["price"] and Decimal(row["price"]) for row in rows}
    for row in wanted:
        got = row[names.index("price")]
        equal(None if got is None else Decimal(str(got)), price[int(row[names.index("id")])], "price")
    for name, text, options in forms(rows):
        db = newdb(kind)
        file = pipeline(name, dump(name + ".json", text), source="type: json" + options)
        done = run(file, db=db).json
        equal((done["read"], done["written"]), (ROWS, ROWS), name)
        same(dbdump.table_rows(db, "t")[1], wanted, "%s: rows of %s" % (kind, name))
        again = run(file, db=db).json
        equal(again["skipped_by_reason"], {"already_loaded": ROWS}, "%s: loaded before" % name)
        db = newdb(kind)
        with open(tmp(name + ".json"), "rb") as stream:
            done = subprocess.run([PENSTOCK, "run", pipeline("stdin", "-", source="type: json" + options)], stdin=stream,
                                  env=environment(db), capture_output=True)
        equal(done.returncode, 0, "%s from standard input: %s" % (name, done.stderr.decode()[-500:]))
        same(dbdump.table_rows(db, "t")[1], wanted, "%s: rows of %s from standard input" % (kind, name))


MARKS = """{"id":1,"price":1.500,"doc":{"b":[1.50,"x"],"a":null},"object":{"z":1,"a":2},"list":[],"at":"07/11/2021 02:48","secret":"s"}
{"id":2,"price":"1.500","doc":"1","object":null,"list":[{"k":[]}],"at":"never"}
{"id":3,"price":1500,"doc":12345678901234567890.10}
{"id":"4","doc":"text","at":""}

{"id":5,"secret":7}
{"id":6,"list":{}}
{"id":7,"object":"{}"}
{"id":8,"price":0.0001}
{"id":9,"dco":1}
[10,null,null,null,null,null]
{"id":11,"secret":"a\\u0000b"}
{"id":12
{"id":1}
{"id":13,"id":13}
{"id":true}
{"id":14,"price":1e1,"doc":false}
"""
# By hand, from the contract and docs/pipeline.md.
MARKS_ROWS = [("1", "1.5", '{"a":null,"b":[1.50,"x"]}', '{"a":2,"z":1}', "[]", "2021-11-07T02:48:00", "s"),
              ("2", "1500", '"1"', None, '[{"k":[]}]', None, None), ("3", "1500", "12345678901234567890.10", None, None, None, None),
              ("4", None, '"text"', None, None, None, None), ("14", "10", "false", None, None, None, None)]
MARKS_REJECTS = [("6", "secret", "type-error", "marks.secret.type"), ("7", "list", "type-error", "marks.list.type"), ("8", "object", "type-error", "marks.object.type"),
                 ("9", "price", "type-error", "marks.price.type"), ("10", "", "extra-cell", "marks.extra-cell"), ("11", "secret", "missing-cell", "marks.secret.missing-cell"),
                 ("12", "secret", "encoding-error", "marks.encoding-error"), ("13", "", "record-error", "marks.record-error"), ("14", "id", "primary-key", "marks.id.primary-key"),
                 ("15", "", "record-error", "marks.record-error"), ("16", "id", "type-error", "marks.id.type")]


def test_values(kind):
    db = newdb(kind)
    done = run(pipeline("marks", dump("marks.json", MARKS), table="marks"), db=db).json
    equal((done["read"], done["written"], done["rejected"], done["skipped_by_reason"]), (17, 5, 11, {"blank": 1}), "books")
    rows = db.query("select id, price, doc, object, list, at, secret from marks order by id")
    equal(len(rows), len(MARKS_ROWS), "rows")
    for got, wanted in zip(rows, MARKS_ROWS):
        equal(got[0], wanted[0], "id")
        equal(got[1] and Decimal(got[1]), wanted[1] and Decimal(wanted[1]), "price of %s" % wanted[0])
        for at in (2, 3, 4):
            equal(got[at] and json.loads(got[at], parse_float=Decimal), wanted[at] and json.loads(wanted[at], parse_float=Decimal), "JSON of %s" % wanted[0])
        equal(got[5] and got[5][:19].replace(" ", "T"), wanted[5], "at of %s" % wanted[0])
        equal(got[6], wanted[6], "secret of %s" % wanted[0])
    got = [tuple(cell or "" for cell in row) for row in db.query("select record_no, field, code, rule from penstock_rejects order by record_no")]
    equal([row[:1] + row[2:] for row in got], [row[:1] + row[2:] for row in MARKS_REJECTS], "rejects")
    equal([row[1] for row in got if row[2] != "encoding-error"], [row[1] for row in MARKS_REJECTS if row[2] != "encoding-error"], "fields of rejects")
    everything = json.dumps(db.query("select record, violations, message from penstock_rejects"))
    check('"s"' not in everything and "secret\\\":7" not in everything, "a sensitive value stands in the reject store: " + everything)
    # Where it stands: the line and the byte of each.
    lines = MARKS.split("\n")
    for number, line_no, offset in db.query("select record_no, line_no, byte_offset from penstock_rejects"):
        equal(int(line_no), int(number), "line of record %s" % number)
        equal(int(offset), len("\n".join(lines[:int(number) - 1]).encode()) + (int(number) > 1), "offset of record %s" % number)


def test_broken(kind):
    """A syntax error in an array ends the source where it stands; one in a line is a reject."""
    db = newdb(kind)
    text = '[{"id":1},\n {"id":2 "name":"x"},{"id":3}]'
    done = penstock("run", pipeline("broken", dump("broken.json", text)), db=db)
    equal(done.code, 4, "a broken array: %s" % done.tail())
    check("broken.json:2:10" in done.err and "byte %d" % text.index('"name"') in done.err, done.err)
    for text, says in (('[{"id":1},{"id":2', "truncated"), ('{"rows":\n[{"id":1}]}', "pointer"), ("", None), ("[]", None)):
        done = penstock("run", pipeline("broken", dump("broken.json", text)), db=newdb(kind))
        equal(done.code, 4 if says else 0, "%r: %s" % (text, done.tail()))
        check(not says or says in done.err, done.err)
    done = penstock("run", pipeline("bad", dump("broken.json", "[]"), source='type: json, lines: "true", pointer: /a'), db=newdb(kind))
    equal(done.code, 2, "pointer and lines: %s" % done.tail())
    done = run(pipeline("labels", dump("labels.json", '[{"Number": 1, "name": "x"}]'), rules=', columns: { id: "Number" }'), db=db)
    equal(db.query("select id, name from t"), [("1", "x")], "labels")
    done = run(pipeline("limits", dump("limits.json", '[{"id":2},{"id":3,"name":"%s"},{"id":4}]' % ("x" * 5000000))), db=db)
    equal((done.json["written"], done.json["rejected"]), (2, 1), "a record over limits.record")


def test_resume(kind):
    """A load that stopped at a syntax error goes on behind its last commit once that is mended: rows, keys and books as of one run."""
    rows = made()
    for name, text, options in forms(rows):
        if name.startswith("lines"):
            continue
        db = newdb(kind)
        file = pipeline("resume", tmp("resume.json"), source="type: json" + options, sink="mode: append, create: true, commit: { rows: 500 }")
        at = text.rindex("}" if name == "array" else "]", 0, len(text) - 100)
        dump("resume.json", text[:at] + "!" + text[at + 1:])
        broken = run(file, db=db, code=4).json
        done = db.count("t")
        check(0 < done < ROWS and broken["written"] == done, "%s: %d rows before the error" % (name, done))
        dump("resume.json", text)
        mended = run(file, db=db).json
        equal((mended["read"], mended["written"], mended["skipped_by_reason"]), (ROWS, ROWS - done, {"already_committed": done}), "%s: books" % name)
        equal(sorted(int(row[0]) for row in db.query("select id from t")), [row["id"] for row in rows], "%s: rows" % name)
        run(file, db=db, code=0)
        dump("resume.json", text.replace("[", "[ ", 1))
        again = run(file, db=db).json
        equal((again["written"], again["rejected"]), (0, ROWS), "%s: another file with the same keys" % name)


def everything():
    for kind in databases():
        for test in (test_forms, test_values, test_broken, test_resume):
            test(kind)
            print("%s: %s" % (kind, test.__name__))


main(everything)
