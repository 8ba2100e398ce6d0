"""Loads a table of every type, with keys, checks and triggers of the database's own, by each way (`bulk:`) and holds the outcome against what
this file knows of every row it made: which are refused, and by what. The dictionary has no rule, so each refusal is the database's.

A second table is narrow and long: one row in a thousand is refused by a check, a trigger or a unique index that the dictionary does not know, and exactly
those are rejected.

usage: ways.py ROWS MANY
SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import json
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import BULK, Failed, books, build_shim, check, databases, dropdb, equal, main, newdb, penstock, step_of, tmp

ROWS, MANY = int(sys.argv[1]), int(sys.argv[2])
# The first is the oracle of what the database does; `auto` is whatever it is.
WAYS = {"sqlite": ["row", "values", "auto"], "postgresql": ["row", "values", "unnest", "auto"],
        "postgresql, plain types": ["row", "copy"], "mariadb": ["row", "values", "array", "auto"],
        "mariadb, no trigger": ["row", "array", "array through ODBC"]}
SEED = 7
SHARE = 1000  # of that many rows one has the fault, of each fault
TEXTS = ["", " ", "NULL", "null", "\\", '"', "\\\"", "{", "}", "{}", ",", "a,b", "'", "''", "\\N", "\\.", "\\x41", "tab\there", "two\nlines", "\r\n", "\x01\x1f\x7f",
         "ä", "a\u0308", "Ω🙂", "\u202e", "\ufeff", "$1", "?", "%s", ";--", "(1,2)", "a" * 3000]
FIELDS = [("id", "integer"), ("code", "string"), ("parent", "integer"), ("body", "string"), ("short", "string"), ("small", "integer"),
          ("amount", "decimal"), ("ratio", "number"), ("flag", "boolean"), ("day", "date"), ("moment", "datetime"), ("clock", "time"),
          ("token", "uuid"), ("raw", "binary"), ("doc", "object"), ("year", "year"), ("month", "yearmonth"), ("term", "duration"),
          ("feeling", "string"), ("tags", "string"), ("limited", "string")]
DDL = {
    "mariadb": """create table parents (id bigint primary key); create table t (id bigint primary key, code varchar(40) collate utf8mb4_nopad_bin unique,
        parent bigint references parents(id), body longtext collate utf8mb4_nopad_bin, short varchar(8) collate utf8mb4_nopad_bin,
        small smallint check (small <> 13), amount decimal(12,3), ratio double, flag boolean, day date, moment datetime(6), clock time(6), token char(36) character set ascii,
        raw longblob, doc longtext, year smallint, month varchar(64), term varchar(64), feeling varchar(40) check (feeling <> 'angry'),
        tags text check (tags <> '{'), limited varchar(40) check (limited <> 'taboo'));
        delimiter //
        create trigger refuses before insert on t for each row begin
            if new.body in ('trigger', 'mute') then signal sqlstate '45000' set message_text = 'not this one'; end if;
        end//
        delimiter ;
        insert into parents values (1), (2), (3); insert into t (id, code) values (-1, 'taken');""",
    "sqlite": """create table parents (id integer primary key); create table t (id integer primary key, code text unique, parent integer references parents(id),
        body text, short varchar(8), small smallint check (small <> 13 and small < 40000), amount numeric(12,3), ratio real, flag boolean, day text, moment text, clock text,
        token text, raw blob, doc text, year integer, month text, term text, feeling text check (feeling <> 'angry'), tags text check (tags <> '{'),
        limited text check (limited <> 'taboo'));
        create trigger no before insert on t when new.body = 'trigger' begin select raise(abort, 'not this one'); end;
        create trigger mute before insert on t when new.body = 'mute' begin select raise(ignore); end;
        insert into parents values (1), (2), (3); insert into t (id, code) values (-1, 'taken');""",
    "postgresql": """create table parents (id int primary key); create type mood as enum ('calm', 'NULL', '"odd", one', 'back\\slash', '');
        create domain tame as varchar(8) check (value <> 'taboo');
        create table t (place bigserial, id bigint generated always as identity primary key, code text unique, parent int references parents(id), body text,
        short varchar(8), small smallint check (small <> 13), amount numeric(12,3), ratio double precision, flag boolean, day date, moment timestamptz,
        clock time, token uuid, raw bytea, doc jsonb, year int, month char(7), term text, feeling mood, tags text[], limited tame);
        create function refuse() returns trigger language plpgsql as $$ begin if new.body = 'trigger' then raise exception 'not this one'; end if;
        if new.body = 'mute' then return null; end if; return new; end $$;
        create trigger refuse before insert on t for each row execute function refuse();
        insert into parents values (1), (2), (3); insert into t (id, code) overriding system value values (-1, 'taken');""",
}
# COPY is sent no enumeration and no array.
DDL["postgresql, plain types"] = DDL["postgresql"].replace("feeling mood", "feeling text check (feeling <> 'angry')").replace(
    "tags text[]", "tags text check (tags <> '{')")
# A table with a trigger is not asked which of many rows it refuses.
DDL["mariadb, no trigger"] = re.sub(r"delimiter //.*delimiter ;", "", DDL["mariadb"], flags=re.S).replace(
    "body longtext collate utf8mb4_nopad_bin", "body longtext collate utf8mb4_nopad_bin check (body not in ('trigger', 'mute'))")
# What is wrong -> (field, value, rule).
FAULTS = {
    "id there": ("id", "-1", "t.id.unique"),
    "id twice": ("id", None, "t.id.unique"),
    "code there": ("code", "taken", "t.code.unique"),
    "code twice": ("code", None, "t.code.unique"),
    "orphan": ("parent", "99", "t.parent.foreign-key"),
    "too long": ("short", "123456789", "t.short.column"),
    "too large": ("small", "40000", "t.small.column"),
    "checked": ("small", "13", "t.database-error"),
    "trigger": ("body", "trigger", "t.database-error"),
    "mute": ("body", "mute", "t.database-error"),
    "no such mood": ("feeling", "angry", "t.database-error"),
    "no array": ("tags", "{", "t.database-error"),
    "domain": ("limited", "taboo", "t.database-error"),
}

SQLITE = {"t.small.column": "t.database-error"}  # whose smallint takes any integer


def good(dice, number):
    cells = {
        "id": str(number), "code": "c%d" % number, "parent": str(dice.randint(1, 3)), "body": dice.choice(TEXTS), "short": dice.choice(["", "ÄÖÜäöüß!", "x"]),
        "small": str(dice.choice([-32768, -1, 0, 7, 32767])), "amount": "%d.%03d" % (dice.randint(-999999999, 999999999), dice.randint(0, 999)),
        "ratio": repr(dice.choice([0.1, 1e300, -2.5e-300, 1 / 3, 123456789.125])), "flag": dice.choice(["true", "false"]),
        "day": dice.choice(["0001-01-01", "9999-12-31", "2020-02-29"]), "moment": dice.choice(["0001-01-01T00:00:00Z", "2021-03-28T02:30:00.123456Z",
                                                                                           "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.5Z"]),
        "clock": dice.choice(["00:00:00", "23:59:59.999999"]), "token": "%032x" % dice.getrandbits(128),
        "raw": base64.b64encode(bytes(dice.choice([0, 34, 92, 255, 65]) for _ in range(dice.randint(1, 9)))).decode(),
        "doc": json.dumps(dice.choice([{"a": [1, None, "\\\"x"]}, {}, {"ü": 'NULL,{}"'}])), "year": "%04d" % dice.randint(1, 9999), "month": "2021-11",
        "term": "P1Y2M3DT4H5M6.7S", "feeling": dice.choice(["calm", "NULL", '"odd", one', "back\\slash", ""]),
        "tags": dice.choice(["{}", '{a,"b,c",NULL}', '{{1,2},{3,4}}']), "limited": dice.choice(["", "12345678"])}
    token = cells["token"]
    cells["token"] = "-".join((token[:8], token[8:12], token[12:16], token[16:20], token[20:]))
    for name in cells:
        if name not in ("id", "code") and dice.random() < 0.05:
            cells[name] = "-"  # null
    return cells


def make(path):
    """The file, {record_no: rule} of what is refused, and the cells of the others in their order."""
    dice = random.Random(SEED)
    refused, kept, keys = {}, [], []
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number in range(1, ROWS + 1):
            cells = good(dice, number)
            fault = dice.choice(list(FAULTS)) if dice.random() < len(FAULTS) / SHARE or number in (1, ROWS, 4096, 4097) else None
            if fault:
                field, value, rule = FAULTS[fault]
                if value is None and not kept:
                    field, value, rule = FAULTS["checked"]
                # Of two rows with one key the first stays, whether it is in the same batch or long gone.
                cells[field] = value or dice.choice([kept[-1], dice.choice(kept)])[field]
                refused[number] = rule
            else:
                kept.append(cells)
            writer.writerow(cells[name] for name, _ in FIELDS)
    return refused, kept


def describe(path):
    kinds = {"decimal": {"type": "number", "precision": 12, "scale": 3}, "uuid": {"type": "string", "format": "uuid"},
             "binary": {"type": "string", "format": "binary"}}
    fields = [dict(kinds.get(kind, {"type": kind}), name=name) for name, kind in FIELDS]
    with open(path, "w") as out:
        json.dump({"name": "ways", "resources": [{"name": "t", "schema": {"fields": fields, "missingValues": ["-"]}}]}, out)


# The database's own rules of the narrow table; the dictionary knows its columns alone.
NARROW = "create table few (id bigint primary key, code varchar(40)%s unique, label varchar(20)%s, amount integer, check (amount <> 13), check (label <> 'taboo'));"
YES = {"sqlite": ("1", "1"), "postgresql": ("t", "t"), "mariadb": ("1", "1")}
NARROW_DDL = {
    "sqlite": NARROW % ("", "") + "create trigger no before insert on few when new.label = 'trigger' begin select raise(abort, 'not this one'); end;",
    "postgresql": NARROW % ("", "") + "create function refuse() returns trigger language plpgsql as $$ begin if new.label = 'trigger' then "
                  "raise exception 'not this one'; end if; return new; end $$;"
                  "create trigger refuse before insert on few for each row execute function refuse();",
    "mariadb": NARROW % (" collate utf8mb4_nopad_bin", " collate utf8mb4_nopad_bin") + """
        delimiter //
        create trigger refuses before insert on few for each row begin
            if new.label = 'trigger' then signal sqlstate '45000' set message_text = 'not this one'; end if;
        end//
        delimiter ;""",
}


def make_narrow(path):
    """{record_no: rule} of what the database refuses."""
    dice, refused = random.Random(SEED + 1), {}
    bad = set(dice.sample(range(2, MANY), MANY // 1000 - 2)) | {1, MANY}
    with open(path, "w", encoding="utf-8") as out:
        for number in range(1, MANY + 1):
            code, label, amount = "c%d" % number, "label %d" % (number % 97), number % 11
            if number in bad:
                fault = dice.choice(("check", "label", "trigger", "code")) if number > 1 else "check"
                earlier = dice.randint(1, number - 1) if fault == "code" else None
                while earlier in bad:
                    earlier = earlier + 1 if earlier + 1 < number else 2
                if fault == "code" and earlier not in bad:
                    code = "c%d" % earlier
                elif fault == "label":
                    label = "taboo"
                elif fault == "trigger":
                    label = "trigger"
                else:
                    amount = 13
                refused[number] = "few.code.unique" if fault == "code" else "few.database-error"
            out.write("%d,%s,%s,%d\n" % (number, code, label, amount))
    return refused


def narrow(kind, folder, refused):
    with open(folder + "/dictionary.json", "w") as out:
        json.dump({"name": "few", "resources": [{"name": "few", "schema": {"fields": [
            {"name": "id", "type": "integer"}, {"name": "code", "type": "string"}, {"name": "label", "type": "string"}, {"name": "amount", "type": "integer"}]}}]}, out)
    for way in BULK[kind]:
        for commit in ("auto", "step"):
            where = "%s, bulk: %s, commit: %s, %d rows" % (kind, way, commit, MANY)
            db = newdb(kind)
            db.execute(NARROW_DDL[kind])
            pipeline(folder + "/few.yaml", way, commit, "few")
            begun = time.monotonic()
            done = penstock("run", "few.yaml", "--json", db=db, cwd=folder)
            seconds = time.monotonic() - begun
            equal(done.code, 0, where + ": " + done.tail())
            books(done.json, done.code)
            step = step_of(done.json, "few")
            equal((step["written"], step["rejected"]), (MANY - len(refused), len(refused)), where + ": books")
            got = {int(number): rule for number, rule in db.query("select record_no, rule from penstock_rejects")}
            for number in sorted(set(refused) | set(got)):
                equal(got.get(number), refused.get(number), "%s: record %d" % (where, number))
            # Ids are a key and from 1 to MANY: so many, and none of the refused, are all the others.
            ids = ",".join(map(str, refused))
            equal(db.query("select count(*), min(id) > 0, max(id) <= %d, sum(case when id in (%s) then 1 else 0 end) from few" % (MANY, ids)),
                  [(str(MANY - len(refused)), *YES[kind], "0")], where + ": rows")
            print("%s: exactly the %d refused by the database are rejected, %.1f s" % (where, len(refused), seconds))
            dropdb(db)


def pipeline(path, way, commit, table="t"):
    with open(path, "w") as out:
        out.write("version: 1\nname: ways\ndictionary: dictionary.json\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\nsteps:\n"
                  "  - name: %s\n    source: { type: csv, path: %s.csv, header: false }\n    rules: { table: %s }\n"
                  "    sink: { type: odbc, connection: db, table: %s, commit: %s, bulk: %s }\n" % (table, table, table, table, commit, way))


def load(folder, kind, way, commit):
    db = newdb(kind.split(",")[0])
    db.execute(DDL[kind])
    pipeline(os.path.join(folder, "pipeline.yaml"), way.split()[0], commit)
    preload = build_shim("shim_libmariadb") if way.endswith("through ODBC") else None
    done = penstock("run", "pipeline.yaml", "--json", db=db, cwd=folder, preload=preload)
    equal(done.code, 0, "%s, %s: %s" % (kind, way, done.tail()))
    books(done.json, 0)
    return db, step_of(done.json, "t")


def rejects(db):
    rows = db.query("select record_no, field, code, rule, message, record from penstock_rejects")
    # The number that the database gave the row says how often it was tried; MariaDB names the database, which is another one each time.
    plain = lambda cell: re.sub(r"`[^`]*`\.`t`", "`t`", re.sub(r"(Failing row contains )\(\d+,", r"\1(N,", cell or ""))
    return {int(row[0]): tuple(map(plain, row[1:])) for row in rows}


def judge(where, db, step, refused, kept):
    """What this file knows without any other program."""
    got = rejects(db)
    for number in sorted(set(refused) | set(got)):
        equal(got[number][2] if number in got else None, refused.get(number), "%s: record %d" % (where, number))
    equal((step["written"], step["rejected"]), (len(kept), len(refused)), where + ": books")
    order = "place" if db.kind == "postgresql" else "id"
    found = db.query("select id, body, short, code from t where id > 0 order by " + order)
    wanted = [tuple(None if cells[name] == "-" else cells[name] for name in ("id", "body", "short", "code")) for cells in kept]
    if found != wanted:
        bad = next((at for at, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1]), min(len(found), len(wanted)))
        raise Failed("%s: row %d of %d: wanted %r, got %r" % (where, bad, len(found), wanted[bad:bad + 1], found[bad:bad + 1]))
    return got


def one(folder, kind, commit, refused, kept):
    first = None
    for way in WAYS[kind]:
        where = "%s, bulk: %s, commit: %s" % (kind, way, commit)
        begun = time.monotonic()
        db, step = load(folder, kind, way, commit)
        seconds = time.monotonic() - begun
        got = judge(where, db, step, refused, kept), dbdump.table_rows(db, "t", [name for name, _ in FIELDS])
        first = first or got
        for number in first[0]:
            equal(got[0][number], first[0][number], "%s: record %d against the first way" % (where, number))
        check(got[1] == first[1], where + ": the rows are not those of the first way")
        print("%s: %d rows, %d rejects, %.1f s" % (where, len(kept), len(refused), seconds))


def hidden_keys(folder):
    """MariaDB: unique keys that the dictionary cannot see, two of which one row violates: which of them is named does not depend on the way."""
    dice, told = random.Random(SEED + 2), {}
    with open(folder + "/dictionary.json", "w") as out:
        json.dump({"name": "h", "resources": [{"name": "h", "schema": {"fields": [
            {"name": "id", "type": "integer"}, {"name": "a", "type": "integer"}, {"name": "b", "type": "string"}]}}]}, out)
    with open(folder + "/h.csv", "w") as out:
        for number in range(1, ROWS + 1):
            a = dice.randint(-9, ROWS)
            b = dice.choice("xX") * dice.randint(1, 3) + str(dice.randint(1, ROWS))
            out.write("%d,%d,%s\n" % (number, a, b))
    for way in BULK["mariadb"]:
        db = newdb("mariadb")
        db.execute("create table h (id bigint primary key, a int check (a <> -5 or id %% 2 = 0), b varchar(60) collate utf8mb4_general_ci,"
                   "g int as (a %% %d) stored, extra int default 7, unique (g), unique ab (b, extra));" % (ROWS * 3 // 4))
        pipeline(folder + "/h.yaml", way, "{ rows: %d }" % (ROWS // 4), "h")
        done = penstock("run", "h.yaml", "--json", db=db, cwd=folder)
        equal(done.code, 0, "hidden keys, %s: %s" % (way, done.tail()))
        books(done.json, 0)
        got = {int(row[0]): tuple(re.sub(r"`[^`]*`\.`h`", "`h`", cell or "") for cell in row[1:])
               for row in db.query("select record_no, code, rule, message from penstock_rejects")}
        rows = db.query("select id, a, b from h order by id")
        check(len(rows) + len(got) == ROWS and len(got) > ROWS // 10, "hidden keys, %s: %d rows, %d rejects" % (way, len(rows), len(got)))
        told.setdefault("rejects", (way, got))
        told.setdefault("rows", rows)
        check(rows == told["rows"], "hidden keys: the rows of %s are not those of %s" % (way, told["rejects"][0]))
        for number in got:
            equal(got[number], told["rejects"][1].get(number), "hidden keys: record %d by %s against %s" % (number, way, told["rejects"][0]))
        dropdb(db)
    print("hidden keys: %d rejects, the same by each way" % len(got))


def test():
    folder = tmp("ways")
    os.mkdir(folder)
    refused, kept = make(os.path.join(folder, "t.csv"))
    describe(os.path.join(folder, "dictionary.json"))
    for kind in [kind for kind in DDL if kind.split(",")[0] in databases()]:
        mine = {number: SQLITE.get(rule, rule) for number, rule in refused.items()} if kind == "sqlite" else refused
        for commit in ("auto", "step"):
            one(folder, kind, commit, mine, kept)
    folder = tmp("narrow")
    os.mkdir(folder)
    refused = make_narrow(os.path.join(folder, "few.csv"))
    for kind in databases():
        narrow(kind, folder, refused)
    if "mariadb" in databases():
        folder = tmp("hidden")
        os.mkdir(folder)
        hidden_keys(folder)


main(test)
