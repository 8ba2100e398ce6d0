"""Loads one file into SQLite by each way of rows, and compares tables and rejects value for value, read by Python's sqlite3.

usage: sqlite_ways.py ROWS

What is rejected is known from how the file was made: the dictionary judges nothing, the table's own constraints and triggers do. What is
stored is held against an INSERT of Python's for the plain types, and the ways against each other for all.
SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import json
import os
import random
import sqlite3
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, main, newdb, penstock, run, tmp

rows = int(sys.argv[1])
WAYS = ("virtual", "values", "row")
OLD = 500  # rows that are there before

FIELDS = [
    ("id", "integer", "INTEGER PRIMARY KEY", {}),
    ("code", "string", "TEXT NOT NULL UNIQUE", {}),
    ("part", "string", "TEXT", {}),
    ("parent", "integer", "INTEGER REFERENCES p (id)", {}),
    ("checked", "integer", "INTEGER CHECK (checked < 1000000)", {}),
    ("marked", "integer", "INTEGER", {}),
    ("words", "string", "TEXT", {}),
    ("loose", "string", "", {}),
    ("whole", "integer", "REAL", {}),
    ("real", "number", "REAL", {}),
    ("price", "number", "NUMERIC(12,2)", {"precision": 12, "scale": 2}),
    ("exact", "number", "TEXT", {"precision": 30, "scale": 10}),
    ("flag", "boolean", "INTEGER", {}),
    ("day", "date", "TEXT", {}),
    ("moment", "datetime", "TEXT", {}),
    ("clock", "time", "TEXT", {}),
    ("era", "year", "INTEGER", {}),
    ("month", "yearmonth", "TEXT", {}),
    ("span", "duration", "TEXT", {}),
    ("uuid", "string", "TEXT", {"format": "uuid"}),
    ("bytes", "string", "BLOB", {"format": "binary"}),
    ("json", "object", "TEXT", {}),
]
NAMES = [field[0] for field in FIELDS]
# What a trigger looks for in `marked`.
ABORTS, IGNORES, FAILS_AFTER, NESTED = 101, 102, 103, 104
TRIGGERS = """
create table log (id integer, what text);
create table once (id integer primary key);
insert into once values (-1);
create trigger t_before before insert on t when new.marked = %d begin select raise(abort, 'a trigger says no'); end;
create trigger t_ignore before insert on t when new.marked = %d begin select raise(ignore); end;
create trigger t_after after insert on t begin insert into log values (new.id, 'in'); end;
create trigger t_fail after insert on t when new.marked = %d begin insert into log values (new.id, 'gone'); select raise(fail, 'it fails'); end;
create trigger t_nested after insert on t when new.marked = %d begin insert into log values (new.id, 'gone'); insert into once values (-1); end;
create trigger t_changed after update on t begin insert into log values (new.id, 'changed'); end;
""" % (ABORTS, IGNORES, FAILS_AFTER, NESTED)


def table(name, refers=True):
    columns = ", ".join("%s %s" % (name, kind if refers else kind.replace(" REFERENCES p (id)", "")) for name, _, kind, _ in FIELDS)
    return "create table %s (%s); create unique index %s_part on %s (part) where whole > 0;" % (name, columns, name, name)


def made(dice, at):
    """A good row, as texts of a CSV file."""
    def maybe(make, share=0.1):
        return "NULL" if dice.random() < share else make()

    def moment():
        return "%04d-%02d-%02dT%02d:%02d:%02d%sZ" % (dice.choice([1, 1969, 1970, 2024, 9999, dice.randint(1, 9999)]), dice.randint(1, 12), dice.randint(1, 28),
                                                     dice.randint(0, 23), dice.randint(0, 59), dice.randint(0, 59), dice.choice(["", ".5", ".000001", ".123456"]))

    def real():
        special = ["0", "-0", "1e308", "5e-324", "-1.5", "0.1", "1e15", "1e16", "123456789012345678", "2.2250738585072014e-308", "1e22", "3"]
        if dice.random() < 0.3:
            return dice.choice(special)
        value = struct.unpack("<d", struct.pack("<Q", dice.getrandbits(64)))[0]
        return repr(value) if value == value and abs(value) < float("inf") else "0.5"

    def words():
        pick = dice.random()
        if pick < 0.1:
            return ""
        if pick < 0.12:
            return "".join(dice.choice("aé€😀") for _ in range(dice.choice([300, 3000])))
        return "".join(dice.choice("abc ä€🙂'\"\\,;%\n\t\x01123.e-") for _ in range(dice.randint(1, 20)))

    return {
        "id": str(at), "code": "c%d" % at, "part": maybe(lambda: "p%d" % at), "parent": maybe(lambda: str(dice.randint(1, 9))),
        "checked": maybe(lambda: str(dice.choice([0, -1, 999999, -9223372036854775808, 127, 128, -129, 32768, 2 ** 31]) if dice.random() < 0.5 else at)).replace(str(2 ** 31), "5"),
        "marked": maybe(lambda: str(dice.randint(0, 100))), "words": maybe(words), "loose": maybe(lambda: dice.choice(["1", "1.50", "", "x", "0x10", " 7"])),
        "whole": maybe(lambda: str(dice.choice([0, 1, -1, 2 ** 53, -(2 ** 53), dice.randint(-10 ** 9, 10 ** 9)]))), "real": maybe(real),
        "price": maybe(lambda: dice.choice(["0.00", "-0.01", "9999999999.99", "5", "7.10", "%.2f" % dice.uniform(-1e6, 1e6)])),
        "exact": maybe(lambda: dice.choice(["0", "-0.0000000001", "12345678901234567890.0123456789", "1.5"])),
        "flag": maybe(lambda: dice.choice(["true", "false"])), "day": maybe(lambda: moment()[:10]), "moment": maybe(moment), "clock": maybe(lambda: moment()[11:-1]),
        "era": maybe(lambda: "%04d" % dice.randint(1, 9999)), "month": maybe(lambda: moment()[:7]), "span": maybe(lambda: dice.choice(["P1Y2M3DT4H5M6.7S", "P2W", "-P1D"])),
        "uuid": maybe(lambda: "%08x-0000-4000-8000-%012x" % (dice.getrandbits(32), dice.getrandbits(48))),
        "bytes": maybe(lambda: base64.b64encode(dice.choice([b"", b"\0", b"\0\xff\0", bytes(dice.getrandbits(8) for _ in range(dice.randint(1, 40)))])).decode()),
        "json": maybe(lambda: dice.choice(["{}", '{"a":[1,2.5,null,"\\u0000 €"]}', '{"b":{"c":true}}'])),
    }


KINDS = ("id old", "id new", "code old", "code new", "part", "parent", "checked")
OF_TRIGGERS = ("abort", "ignore", "fail", "nested")


def faulty(dice, row, at, kinds):
    """Makes one thing of a good row wrong; gives the rule that is to say so."""
    kind = dice.choice(kinds)
    if kind == "id old":
        row["id"] = str(dice.randint(1, OLD))
        return "t.id.unique"
    if kind == "code old":
        row["code"] = "c%d" % dice.randint(1, OLD)
        return "t.code.unique"
    if kind in ("id new", "code new"):
        column = kind.split()[0]
        row[column] = ("c" if column == "code" else "") + str(dice.randint(OLD + 1, at))
        return "t.%s.unique" % column if row[column].lstrip("c") != str(at) else None
    if kind == "part":
        row["part"], row["whole"] = "p7", "5"
        return "t.part.unique"
    if kind == "parent":
        row["parent"] = "77"
        return "t.parent.foreign-key"
    if kind == "checked":
        row["checked"] = "1000000"
        return "t.database-error"
    row["marked"] = str({"abort": ABORTS, "ignore": IGNORES, "fail": FAILS_AFTER, "nested": NESTED}[kind])
    return "t.database-error"


def files(seed, share, kinds=KINDS, rows=rows):
    """The file, and the rule of each record that must be rejected. A key of a rejected row is free for the next one."""
    dice, faults, taken = random.Random(seed), {}, {}
    path = tmp("rows.%d.csv" % seed)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        for at in range(OLD + 1, OLD + 1 + rows):
            row = made(dice, at)
            rule = faulty(dice, row, at, kinds) if dice.random() < share else None
            for column in ("id", "code"):
                number = int(row[column].lstrip("c"))
                # One that names a row which was itself rejected is a good one.
                if rule == "t.%s.unique" % column and number > OLD and (column, number) not in taken:
                    rule = None
            if rule:
                faults[at - OLD] = rule
            else:
                taken[("id", int(row["id"]))] = taken[("code", int(row["code"][1:]))] = True
            writer.writerow([row[name] for name in NAMES])
    return path, faults


def pipeline(way, mode, key, extra=""):
    path = tmp("%s.%s.yaml" % (way, mode))
    fields = [dict(more, name=name, type=kind) for name, kind, _, more in FIELDS]
    dictionary = tmp("ways.%s.json" % mode)
    schema = {"fields": fields, "missingValues": ["NULL"]}
    if key:
        schema["primaryKey"] = "id"
    with open(dictionary, "w") as file:
        json.dump({"name": "ways", "resources": [{"name": "t", "schema": schema}]}, file)
    with open(path, "w") as file:
        file.write("""version: 1
name: ways
dictionary: %s
params: { data: { default: none, description: the file } }
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
state: db
steps:
  - name: t
    source: { type: csv, path: "${params.data}", header: true }
    rules: { table: t, max_rejects: 100%% }
    sink: { type: odbc, connection: db, table: t, mode: %s, bulk: %s%s }
""" % (dictionary, mode, way, extra))
    return path


def fresh(triggers, referenced):
    db = newdb("sqlite")
    connection = sqlite3.connect(db.path)
    connection.executescript("create table p (id integer primary key, word text);" + table("t"))
    connection.executemany("insert into p values (?, 'x')", [(number,) for number in range(1, 10)])
    for number in range(1, OLD + 1):
        connection.execute("insert into t (id, code, part, whole) values (?, ?, ?, 1)", (number, "c%d" % number, "p%d" % number))
    if referenced:
        connection.executescript("create table child (t integer references t (id))")
    if triggers:
        connection.executescript(TRIGGERS)
    connection.commit()
    connection.close()
    return db


REJECTS = "select record_no, line_no, byte_offset, field, code, rule, message, violations, record, published from penstock_rejects order by record_no"


def read(db, triggers):
    connection = sqlite3.connect(db.path)
    columns = ", ".join("typeof(%s), %s" % (name, name) for name in NAMES)
    held = connection.execute("select %s from t order by id" % columns).fetchall()
    rejects = connection.execute(REJECTS).fetchall()
    log = connection.execute("select id, what from log order by rowid").fetchall() if triggers else []
    check(connection.execute("pragma integrity_check").fetchone()[0] == "ok", "integrity")
    equal(connection.execute("pragma foreign_key_check").fetchall(), [], "missing parents")
    connection.close()
    return held, rejects, log


def first_difference(got, wanted):
    for at, (one, other) in enumerate(zip(got, wanted)):
        if one != other:
            return "item %d: wanted %r, got %r" % (at, other, one)
    return "wanted %d items, got %d" % (len(wanted), len(got))


def same(got, wanted, what):
    for name, one, other in zip(("table", "rejects", "log"), got, wanted):
        check(one == other, "%s, %s: %s" % (what, name, first_difference(one, other)))


def compare(mode, path, faults, triggers=False, referenced=False, key=False):
    what = "%s%s%s" % (mode, ", triggers" if triggers else "", ", referenced" if referenced else "")
    found = {}
    for way in WAYS:
        db = fresh(triggers, referenced)
        file = pipeline(way, mode, key)
        plan = penstock("plan", file, "--set", "data=" + path, db=db)
        equal(("penstock_batch" in plan.out), way == "virtual", "the plan of bulk: %s speaks of the batch as a table" % way)
        done = run(file, "--set", "data=" + path, db=db)
        found[way] = read(db, triggers)
        same(found[way], found[WAYS[0]], "%s by %s against %s" % (what, way, WAYS[0]))
        records = done.json["read"]
        equal(done.json["rejected"], len(found[way][1]), "%s by %s: rejects stored" % (what, way))
    held, rejects, log = found["virtual"]
    if faults is not None:
        got = {reject[0]: reject[5] for reject in rejects}
        check(got == faults, "%s: what is rejected: %s" % (what, first_difference(sorted(got.items()), sorted(faults.items()))))
        equal(len(held), OLD + records - len(faults), "%s: rows in the table" % what)
    if triggers and mode == "append":
        check(all(entry[1] == "in" for entry in log) and sorted(entry[0] for entry in log) == sorted(row[1] for row in held if row[1] > OLD),
              "%s: triggers fired once for each row that stayed, and left nothing of the others" % what)
    print("%s: %d rows, %d rejects, %s alike" % (what, len(held), len(rejects), ", ".join(WAYS)))
    return held


def against_python(path, held, faults):
    """The plain types as Python's sqlite3 stores them; texts that mean the same as the file's."""
    plain = ["id", "code", "part", "parent", "checked", "marked", "words", "loose", "whole", "real", "bytes"]
    connection = sqlite3.connect(":memory:")
    connection.executescript("create table p (id integer primary key);" + table("t", False))
    convert = {"integer": int, "number": lambda text: float(text) + 0.0, "string": str}
    kinds = {name: ("bytes" if name == "bytes" else kind) for name, kind, _, _ in FIELDS}
    convert["bytes"] = base64.b64decode
    with open(path, newline="") as file:
        for at, record in enumerate(csv.DictReader(file), 1):
            if at in faults:
                continue
            values = [None if record[name] == "NULL" else convert[kinds[name]](record[name]) for name in plain]
            connection.execute("insert into t (%s) values (%s)" % (", ".join(plain), ", ".join("?" * len(plain))), values)
    wanted = connection.execute("select %s from t order by id" % ", ".join("typeof(%s), %s" % (name, name) for name in plain)).fetchall()
    places = [place for name in plain for place in (2 * NAMES.index(name), 2 * NAMES.index(name) + 1)]
    got = [tuple(row[place] for place in places) for row in held if row[1] > OLD]
    check(got == wanted, "against Python: " + first_difference(got, wanted))
    print("%d rows as Python's sqlite3 stores them" % len(got))


def test():
    path, faults = files(1, 0.02)
    against_python(path, compare("append", path, faults), faults)
    path, faults = files(2, 0.02, KINDS + OF_TRIGGERS)
    compare("append", path, faults, triggers=True)
    compare("upsert", path, None, triggers=True, key=True)
    # Refusals in almost every batch and statement, one after the other.
    path, faults = files(3, 0.6, rows=rows // 4)
    compare("append", path, faults)
    compare("upsert", path, None, key=True)
    compare("replace", path, None, key=True)
    path, faults = files(4, 0.02, ("id new", "code new"), rows=rows // 4)
    compare("replace", path, None, referenced=True, key=True)


main(test)
