"""Loads the same rows into each database and holds what is there, and what was rejected, against what this file knows of every row it made.

One seed; a row has a value of each type of the dictionary, or one or two faults. The tables are made by `penstock schema ddl`; one column is then
made narrower and one gets a check of the database's own. Values are read with the databases' own tools and compared as values (dates, decimals,
JSON as parsed), not as texts.
usage: three.py ROWS
SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import datetime
import decimal
import io
import json
import os
import random
import sys
import zoneinfo

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from backups import BACKUP, RESTORE, backup, fresh
from harness import Failed, books, check, databases, equal, fraction, main, newdb, penstock, run, step_of, tmp

ROWS = int(sys.argv[1])
SEED = 20211107
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NULL = "\\N"
FAULTY = 0.25  # of the rows, so that each of some sixty faults is there many times
RECORD_MAX = 64 * 1024

DICTIONARY = """
name: three
missingValues: ["\\\\N"]
resources:
  - name: parent
    schema:
      fields:
        - { name: region, type: string, constraints: { maxLength: 20 } }
        - { name: code, type: integer }
      primaryKey: [region, code]
  - name: every
    schema:
      fields:
        - { name: id, type: integer }
        - { name: label, type: string, constraints: { unique: true, maxLength: 40 } }
        - { name: lot, type: date }
        - { name: shelf, type: string, constraints: { maxLength: 20 } }
        - { name: region, type: string, constraints: { maxLength: 20 } }
        - { name: code, type: integer }
        - { name: body, type: string, constraints: { required: true } }
        - { name: short, type: string, constraints: { minLength: 2, maxLength: 8 } }
        - { name: coded, type: string, constraints: { pattern: "[A-Z]{2}[0-9]{3}" } }
        - { name: mood, type: string, constraints: { enum: [calm, Calm, "", "to, and fro"] } }
        - { name: mail, type: string, format: email }
        - { name: link, type: string, format: uri }
        - { name: token, type: string, format: uuid }
        - { name: bytes, type: string, format: binary }
        - { name: whole, type: integer }
        - { name: bounded, type: integer, constraints: { minimum: -100, maximum: 1000 } }
        - { name: open, type: number, constraints: { exclusiveMinimum: 0, exclusiveMaximum: 10 } }
        - { name: real, type: number }
        - { name: small, type: number, precision: 15, scale: 3 }
        - { name: large, type: number, precision: 38, scale: 10 }
        - { name: flag, type: boolean }
        - { name: day, type: date, constraints: { minimum: "0001-01-02" } }
        - { name: clock, type: time }
        - { name: moment, type: datetime }
        - { name: local, type: datetime, timezone: Europe/Berlin }
        - { name: year, type: year }
        - { name: month, type: yearmonth }
        - { name: span, type: duration }
        - { name: thing, type: object }
        - { name: list, type: array }
        - { name: any, type: any }
        - { name: narrow, type: string, constraints: { maxLength: 40 } }
        - { name: guarded, type: string, constraints: { maxLength: 40 } }
      primaryKey: id
      uniqueKeys: [[lot, shelf]]
      foreignKeys: [{ fields: [region, code], reference: { resource: parent, fields: [region, code] } }]
"""
FIELDS = ("id label lot shelf region code body short coded mood mail link token bytes whole bounded open real small large flag day clock moment local "
          "year month span thing list any narrow guarded").split()
NEVER_NULL = ("id", "body")
REGIONS = [(region, code) for region in ("north", "North", "north ", "", "s\u00fcd", "su\u0308d", "\U0001F30D") for code in (1, -7, 2**63 - 1)]
TEXTS = ["", " ", "NULL", "null", "\\", '"', "{}", ",", "a,b", "'", "''", "\\n", "\\.", "\\x41", "tab\there", "two\nlines", "\r\n", "\x01\x1f\x7f", "\u00e4", "a\u0308",
         "\u03a9\U0001F642", "\u202e", "\ufeff", "$1", "?", "%s", ";--", "x" * 3000, "\uffff", "\u00a0", "\u0085\u2028", "]]>", "<field name=\"a\">", "&amp;"]
# What each database is told beyond the DDL that penstock prints.
NARROWER = {
    "sqlite": ["create trigger guard before insert on every when new.guarded = 'taboo' begin select raise(abort, 'not this one'); end"],
    "postgresql": ["alter table every alter narrow type varchar(8)", "alter table every add constraint guard check (guarded <> 'taboo')"],
    "mariadb": ["alter table every modify narrow varchar(8) character set utf8mb4 collate utf8mb4_nopad_bin",
                "alter table every add constraint guard check (guarded <> 'taboo')"],
}

# Faults of a cell: field -> texts that break the rule.
CELLS = [
    ("id", "type", ["1.0", "x", "", "9223372036854775808", "-9223372036854775809", "1e3", "0x10", "1 2"]), ("id", "required", [NULL]),
    ("label", "maxLength", ["\u00e4" * 41]), ("lot", "type", ["2021-02-29", "20210101", "0000-01-01"]), ("shelf", "maxLength", ["y" * 21]),
    ("code", "type", ["one"]), ("body", "required", [NULL]), ("short", "minLength", ["\U0001F642", ""]), ("short", "maxLength", ["123456789"]),
    ("coded", "pattern", ["AB12", "AB1234", "ab123", "AB123\n"]), ("mood", "enum", ["CALM", "calm "]), ("mail", "type", ["nobody", "a@b", "@x.org"]),
    ("link", "type", ["no scheme", "//x.org"]), ("token", "type", ["12345678-1234-1234-1234-12345678901", "g" * 36]), ("bytes", "type", ["abc", "*AAA"]),
    ("whole", "type", ["1.5", "--1", "\u0661"]), ("bounded", "minimum", ["-101"]), ("bounded", "maximum", ["1001"]), ("open", "exclusiveMinimum", ["0", "-0.0"]),
    ("open", "exclusiveMaximum", ["10", "1e1"]), ("real", "type", ["NaN", "INF", "-INF", "1e999", "1,5", ""]), ("small", "type", ["1.2345", "1000000000000", "1e"]),
    ("large", "type", ["0.00000000001", "9" * 29, "NaN"]), ("flag", "type", ["yes", "2", "tRUE"]), ("day", "type", ["2021-13-01", "10000-01-01", "2021-1-1"]),
    ("day", "minimum", ["0001-01-01"]), ("clock", "type", ["24:00:00", "12:00:60", "12:00:00+01:00", "12:00:00.1234567"]),
    ("moment", "type", ["2021-01-01T24:00:00Z", "2021-01-01", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]),
    ("local", "type", ["2021-03-28T02:30:00", "2021-10-31T02:30:00"]), ("year", "type", ["99", "0000", "12345"]), ("month", "type", ["2021-13", "2021"]),
    ("span", "type", ["P", "PT", "1D", "P1W2D", "P1.5D"]), ("thing", "type", ["[]", "{", '{"a":1,"a":2}', "1"]), ("list", "type", ["{}", "[1,]", "x"]),
]
CODES = {"type": "type-error"}


def cells_of(dice, number):
    """The texts of a good row, and its values."""
    row = {}

    def put(name, text, value):
        row[name] = (NULL, None) if name not in NEVER_NULL and dice.random() < 0.06 else (text, value)

    def plain(name, text):
        put(name, text, text)

    put("id", str(number), number)
    plain("label", "L%d" % number)
    # Pairs that differ in their spelling alone: the case, a space behind, how an umlaut is made.
    day = datetime.date(1900, 1, 1) + datetime.timedelta(days=number // 4)
    put("lot", day.isoformat(), day)
    plain("shelf", ("a", "A", "a ", "\u00e4")[number % 4])
    region, code = dice.choice(REGIONS)
    plain("region", region)
    put("code", str(code), code)
    plain("body", dice.choice(TEXTS))
    plain("short", dice.choice(["ab", "\u00c4\u00d6\u00dc\u00e4\u00f6\u00fc\u00df!", "\U0001F642\U0001F642", "  ", "x y z"]))
    plain("coded", "AZ%03d" % dice.randint(0, 999))
    plain("mood", dice.choice(["calm", "Calm", "", "to, and fro"]))
    plain("mail", "n%d@example.org" % dice.randint(1, 99))
    plain("link", dice.choice(["https://example.org/?a=%20&b", "mailto:x@y.org", "urn:a:b"]))
    token = "%08x-%04x-%04x-%04x-%012x" % tuple(dice.getrandbits(bits) for bits in (32, 16, 16, 16, 48))
    put("token", token.upper() if dice.random() < 0.3 else token, token)
    data = bytes(dice.choice((0, 10, 34, 39, 92, 128, 255, 65)) for _ in range(dice.choice((0, 1, 2, 17, 300))))
    put("bytes", base64.b64encode(data).decode(), data)
    whole = dice.choice((0, -1, 2**63 - 1, -2**63, 2**53 + 1, dice.randint(-2**62, 2**62)))
    put("whole", dice.choice(["%d", " %d", "%d "]) % whole if whole < 0 else dice.choice(["%d", "+%d", "00%d"]) % whole, whole)
    bounded = dice.choice((-100, 1000, dice.randint(-100, 1000)))
    put("bounded", str(bounded), bounded)
    real = dice.choice((5e-324, 9.999999999999998, 0.1, dice.uniform(0.001, 9.9)))
    put("open", repr(real), real)
    real = dice.choice((0.0, 0.1, 1 / 3, -2.5e-300, 1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308, 123456789.125, 1e22, 1e23,
                        dice.uniform(-1e6, 1e6), dice.random() * 10.0 ** dice.randint(-300, 300)))
    put("real", "-0" if real == 0 else repr(real), real)
    small = decimal.Decimal(dice.randint(-10**15 + 1, 10**15 - 1)).scaleb(-3)
    put("small", format(small, "f") + dice.choice(["", "0"]), small)
    large = dice.choice(["9" * 28 + "." + "9" * 10, "-" + "9" * 28 + "." + "9" * 10, "-0.0000000001", "1234567890123456.7891", "0.10", "-5", "+7."])
    put("large", large, decimal.Decimal(large))
    flag = dice.choice(["true", "True", "TRUE", "1", "false", "False", "FALSE", "0"])
    put("flag", flag, flag.lower() in ("true", "1"))
    day = dice.choice((datetime.date(1, 1, 2), datetime.date.max, datetime.date(2020, 2, 29), datetime.date(1582, 10, 10), datetime.date(1969, 12, 31),
                       datetime.date.fromordinal(dice.randint(2, 3652059))))
    put("day", day.isoformat(), day)
    clock = datetime.time(*dice.choice(((0, 0, 0), (23, 59, 59, 999999), (12, 0, 0, 500000), (1, 2, 3, dice.randint(0, 999999)))))
    put("clock", clock.isoformat() + dice.choice(["", "Z"]), clock)
    moment = dice.choice((datetime.datetime(1, 1, 1), datetime.datetime.max, datetime.datetime(1969, 12, 31, 23, 59, 59, 500000),
                          datetime.datetime(1970, 1, 1), datetime.datetime(2038, 1, 19, 3, 14, 8), datetime.datetime(2021, 3, 28, 2, 30),
                          datetime.datetime(2, 1, 1) + datetime.timedelta(seconds=dice.randint(0, 3 * 10**11), microseconds=dice.randint(0, 999999))))
    hours = dice.choice((0, 0, 5, -11)) if 1 < moment.year < 9999 else 0
    written = moment + datetime.timedelta(hours=hours)
    put("moment", written.isoformat() + ("%+03d:00" % hours if hours else dice.choice(["", "Z"])), moment)
    local = datetime.datetime(2021, dice.choice((1, 3, 7, 11)), dice.randint(1, 27), dice.randint(0, 23), dice.randint(0, 59))
    put("local", local.isoformat(), local.replace(tzinfo=BERLIN).astimezone(datetime.timezone.utc).replace(tzinfo=None))
    year = dice.choice((1, 99, 1901, 2155, 2156, 9999))
    put("year", "%04d" % year, year)
    plain("month", "%04d-%02d" % (dice.randint(1, 9999), dice.randint(1, 12)))
    plain("span", dice.choice(["P1D", "PT1H30M", "P1Y2M3DT4H5M6.7S", "PT0.5S", "P2W", "-PT1S"]))
    for name, kinds in (("thing", [{"b": 1, "a": [None, True, "\u20ac"], "": {"\u00fc": "\"\\\n"}}, {}, {"n": 12345678901234567890, "A": 0.1}]),
                        ("list", [[], [1, {"x": "y"}, dice.randint(0, 9)], ["NULL", None, "\U0001F642", "\t"]]),
                        ("any", [1, "text", None, True, [1], {"k": "v"}, -2.5])):
        value = dice.choice(kinds)
        put(name, json.dumps(value, ensure_ascii=dice.random() < 0.5, indent=dice.choice((None, 1))), ("json", value))
    plain("narrow", dice.choice(["", "12345678", "\u00e4\u00f6\u00fc\u00df1234"]))
    plain("guarded", dice.choice(["", "tabo", "Taboo"]))
    if row["region"][1] is None or row["code"][1] is None:
        row["region"] = row["code"] = (NULL, None)
    return row


def line_of(texts, dice):
    """A record without its end, as Python's csv writes it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n", quoting=dice.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))).writerow(texts)
    return out.getvalue()[:-2].encode()


class Maker:
    """Makes the file and keeps account: rows (id -> values), rejects (record_no -> (field, rules, record)), blank lines, faults seen."""

    def __init__(self):
        self.dice = random.Random(SEED)
        self.rows, self.rejects, self.blank, self.seen, self.good = {}, {}, 0, set(), []

    def refuse(self, number, found, record):
        """found: (field, rule) in the order in which they are judged."""
        names = []
        for field, rule in found:
            names.append("every.%s" % rule if field is None else "every.%s.%s" % (field, rule))
            self.seen.add(names[-1])
        field, rule = found[0]
        name = rule.split("(")[0]
        code = {"type": "type-error", "unique": "unique-error", "column": "database-error"}.get(
            name, name if name in ("primary-key", "foreign-key", "missing-cell", "extra-cell", "encoding-error", "record-error", "database-error") else "constraint-error")
        self.rejects[number] = (field or rule.partition("(")[2].rstrip(")"), code, names, record)

    def faulty(self, number, row):
        """(line, what is found) of a row made bad."""
        dice, kind = self.dice, self.dice.random()
        texts = {name: text for name, (text, _) in row.items()}
        if kind < 0.62:
            found = {}
            for field, rule, bad in dice.sample(CELLS, dice.choice((1, 1, 2))):
                texts[field], found[field] = dice.choice(bad), rule
            return line_of([texts[name] for name in FIELDS], dice), [(name, found[name]) for name in FIELDS if name in found]
        if kind < 0.80 and self.good:
            # What is there before; of the whole file, so that the other row is in this batch or long gone.
            other, found = self.good[-1] if dice.random() < 0.5 else dice.choice(self.good), []
            which = dice.choice(("id", "label", "lot", "id and label"))
            if "id" in which:
                texts["id"] = str(other["id"])
                found.append(("id", "primary-key"))
            if which == "lot" and None not in (other["lot"], other["shelf"]):
                texts["lot"], texts["shelf"] = other["lot"].isoformat(), other["shelf"]
                found.append((None, "unique(lot+shelf)"))
            if "label" in which and other["label"] is not None:
                texts["label"] = other["label"]
                found.append(("label", "unique"))
            if found:
                return line_of([texts[name] for name in FIELDS], dice), found
        if kind < 0.86:
            texts["region"], texts["code"] = dice.choice((("North", "2"), ("NORTH", "1"), ("north  ", "1"), ("sud", "1")))
            return line_of([texts[name] for name in FIELDS], dice), [(None, "foreign-key(region+code)")]
        if kind < 0.89:
            keep = dice.randint(8, len(FIELDS) - 1)
            return line_of([texts[name] for name in FIELDS[:keep]], dice), [(name, "missing-cell") for name in FIELDS[keep:]]
        if kind < 0.91:
            return line_of([texts[name] for name in FIELDS] + ["more"], dice), [(None, "extra-cell")]
        if kind < 0.93:
            texts["guarded"] = "BAD"
            return line_of([texts[name] for name in FIELDS], dice).replace(b"BAD", dice.choice((b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"a\0b"))), \
                [(None, "encoding-error")]
        if kind < 0.935:
            # In one line, since reading goes on with the next one.
            texts = {name: text.replace("\n", " ").replace("\r", " ") for name, text in texts.items()}
            texts["body"] = "z" * (RECORD_MAX + dice.randint(1, 5000))
            return line_of([texts[name] for name in FIELDS], dice), [(None, "record-error")]
        if kind < 0.97:
            texts["narrow"] = "123456789"
            return line_of([texts[name] for name in FIELDS], dice), [("narrow", "column")]
        texts["guarded"] = "taboo"
        return line_of([texts[name] for name in FIELDS], dice), [(None, "database-error")]

    def make(self, path):
        with open(path, "wb") as out:
            for number in range(1, ROWS + 1):
                chance = self.dice.random()
                if chance < 0.01:
                    self.blank += 1
                    out.write(self.dice.choice((b"\n", b"\r\n")))
                    continue
                row = cells_of(self.dice, number)
                if chance < FAULTY:
                    line, found = self.faulty(number, row)
                    # How much is kept of a record over the cap is not for this test.
                    self.refuse(number, found, None if found[0][1] == "record-error" else printable(line))
                else:
                    line = line_of([row[name][0] for name in FIELDS], self.dice)
                    values = {name: value for name, (_, value) in row.items()}
                    self.rows[number] = tuple(values[name] for name in FIELDS)
                    self.good.append(values)
                out.write(line + self.dice.choice((b"\n", b"\r\n")))


def printable(data):
    """How the reject store keeps an original: bytes that are no UTF-8, and NUL, as \\xHH."""
    return "".join("\\x%02X" % (ord(mark) - 0xdc00) if "\udc80" <= mark <= "\udcff" else "\\x00" if mark == "\0" else mark
                   for mark in data.decode("utf-8", "surrogateescape"))


def value_of(name, text):
    """The value that a database's own tool shows as text."""
    if text is None:
        return None
    if name in ("id", "code", "whole", "bounded", "year"):
        return int(text)
    if name in ("open", "real"):
        return float(text)
    if name in ("small", "large"):
        return decimal.Decimal(text)
    if name == "flag":
        return {"1": True, "0": False}[text]
    if name in ("lot", "day"):
        return datetime.date.fromisoformat(text)
    if name == "clock":
        return datetime.time.fromisoformat(micros(text))
    if name in ("moment", "local"):
        check(text.endswith("Z"), "a datetime without Z: " + text)
        return datetime.datetime.fromisoformat(micros(text[:-1]))
    if name == "bytes":
        check(text.startswith("\\x"), "bytes that are none: " + text)
        return bytes.fromhex(text[2:])
    if name in ("thing", "list", "any"):
        return ("json", json.loads(text, parse_float=decimal.Decimal))
    return text


def micros(text):
    """With six digits of fraction: Python before 3.11 wants three or six."""
    whole, point, part = text.partition(".")
    return whole + "." + part.ljust(6, "0") if point else whole


def meant(value):
    """JSON's fractions as decimals, as value_of has them."""
    return ("json", json.loads(json.dumps(value[1]), parse_float=decimal.Decimal)) if isinstance(value, tuple) else value


def rows_of(db):
    """Every table row as values, by id. Each tool shows numbers in its own way, so that they are read as texts."""
    names, rows = dbdump.table_rows(db, "every", FIELDS)
    out = {}
    for row in rows:
        values = tuple(value_of(name, cell) for name, cell in zip(names, row))
        out[values[0]] = values
    equal(len(out), len(rows), "%s: ids are unique" % db)
    return out


def same_rows(got, wanted, what):
    for number in sorted(set(wanted) | set(got)):
        if got.get(number) != wanted.get(number):
            if number not in got or number not in wanted:
                raise Failed("%s: row %d %s" % (what, number, "is missing" if number not in got else "should not be there"))
            for name, mine, right in zip(FIELDS, got[number], wanted[number]):
                equal(mine, right, "%s: row %d, %s" % (what, number, name))


def same_rejects(db, made):
    got = {int(row[3]): row for row in dbdump.rejects(db)}
    for number, (field, code, rules, record) in sorted(made.rejects.items()):
        check(number in got, "%s: record %d is no reject, wanted %s" % (db, number, rules))
        wanted = ("every", "every", "every.csv", str(number), field, code, rules[0], got[number][7] if record is None else record)
        equal(got[number], wanted, "%s: record %d" % (db, number))
    more = sorted(set(got) - set(made.rejects))
    check(not more, "%s: rejected too: %s" % (db, [got[number] for number in more[:2]]))
    for (_, _, number), rules in dbdump.violations(db).items():
        equal(rules, made.rejects[number][2], "%s: record %d, all violations" % (db, number))
    return sorted(got.values())


def pipelines(folder):
    """Load, backup and restore."""
    head = "version: 1\nname: %s\ndictionary: datapackage.yaml\n%sparams: { folder: { default: none }, table: { default: '*' }, backup: { default: latest } }\n" \
           "connections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nstate: db\nsteps:\n"
    with open(folder + "/load.yaml", "w") as file:
        file.write(head % ("load", "limits: { record: %d }\n" % RECORD_MAX))
        for table in ("parent", "every"):
            file.write("  - name: %s\n    source: { type: csv, path: %s.csv, header: false }\n    rules: { table: %s }\n"
                       "    sink: { type: odbc, connection: db, table: %s }\n" % (table, table, table, table))
    for name, source in (("backup", BACKUP), ("restore", RESTORE)):
        with open(source) as file:
            text = file.read().split("\nsteps:\n")[1]
        with open(folder + "/" + name + ".yaml", "w") as file:
            file.write(head % (name, "") + text)


def load(kind, folder, made):
    db = newdb(kind)
    done = penstock("schema", "ddl", folder + "/datapackage.yaml", "--dialect", kind)
    equal(done.code, 0, "schema ddl: " + done.tail())
    ddl = done.out
    if kind == "sqlite":
        check('"narrow" TEXT' in ddl, "the DDL of SQLite: " + ddl)
        ddl = ddl.replace('"narrow" TEXT', '"narrow" VARCHAR(8)')
    db.execute(ddl, *NARROWER[kind])
    done = run("load.yaml", db=db, cwd=folder)
    step = step_of(done.json, "every")
    equal((step["read"], step["written"], step["rejected"], step["skipped_by_reason"].get("blank", 0)),
          (ROWS, len(made.rows), len(made.rejects), made.blank), kind + ": books")
    same_rows(rows_of(db), made.rows, kind)
    return db, same_rejects(db, made)


def connection(db, name):
    path = tmp(name + ".connection")
    with open(path, "w") as file:
        file.write(db.connect + "\n")
    os.chmod(path, 0o600)
    return "file:" + path


def compared(left, right, what):
    done = penstock("compare", left, right)
    equal(done.code, 0, "%s: penstock compare: %s" % (what, done.tail()))


def test():
    folder = fresh("three")
    with open(folder + "/datapackage.yaml", "w") as file:
        file.write(DICTIONARY)
    with open(folder + "/parent.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(REGIONS)
    made = Maker()
    made.make(folder + "/every.csv")
    made.rows = {number: tuple(meant(value) for value in row) for number, row in made.rows.items()}
    # Each fault, and each constraint and key of the dictionary, is there.
    for field, rule, _ in CELLS:
        check("every.%s.%s" % (field, rule) in made.seen, "the file has no every.%s.%s: %s" % (field, rule, sorted(made.seen)))
    pipelines(folder)
    loaded, rejected = {}, {}
    for kind in databases():
        loaded[kind], rejected[kind] = load(kind, folder, made)
        equal(rejected[kind], rejected["sqlite"], kind + ": rejects, against SQLite's")
        print("%s: %d rows equal, %d rejects by %d rules" % (kind, len(made.rows), len(made.rejects), len(made.seen)))
    for kind, db in loaded.items():
        stored = backup(db, fresh("backup." + kind), pipeline=folder + "/backup.yaml")
        compared(stored, connection(db, "from." + kind), kind + ": backup and database")
        for other in loaded:
            if other == kind and len(loaded) > 1:
                continue
            target = newdb(other)
            run(folder + "/restore.yaml", "--set", "folder=" + os.path.dirname(stored), db=target)
            what = "%s restored into %s" % (kind, other)
            same_rows(rows_of(target), made.rows, what)
            compared(connection(db, "a." + kind), connection(target, "b.%s.%s" % (kind, other)), what)
            print(what)


main(test)
