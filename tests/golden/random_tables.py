"""Makes dictionaries and CSV files from a seed, judges them with tests/support/judge.py, and holds penstock against that.

usage: random_tables.py ROUNDS RECORDS      PENSTOCK_TEST_SEED repeats a run
SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
import judge
from harness import Failed, check, databases, equal, fraction, main, newdb, number, penstock, books, skipped, step_of, tmp, PENSTOCK

rounds, records = int(sys.argv[1]), int(sys.argv[2])
seed = int(os.environ.get("PENSTOCK_TEST_SEED", "0")) or int(time.time())
PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK

WORDS = ["a", "A", "a ", " a", "ä", "a\u0308", "ab", "abc", "b", "B", "ß", "ss", "zz", "0", "00", "x,y", 'q"q', "two\nlines", "Ω", "🙂", "🙂🙂",
         "NULL", "null", "'", "\\", "%", "long" * 20]
CELLS = {
    "string": WORDS,
    "integer": ["0", "-0", "1", "+1", "2", "3", "03", "7", "10", "-5", "99", "100", "9223372036854775807", "-9223372036854775808", " 4 ",
                "9223372036854775808", "1.0", "x", "1e3", "--1", "0x1"],
    "number": ["0", "-0", "0.5", "0.25", "1", "1.0", "-2.5", "1e3", "1E-2", " 3.5 ", "123456789.125", "NaN", "INF", "-INF", "x", "1.2.3", "1e999"],
    "decimal": ["0", "0.00", "1", "1.5", "1.50", "-1.25", "+2", "99.99", "-99.99", "100", "0.001", "x", "1.2.3", "NaN", " 7.25 "],
    "boolean": ["true", "false", "True", "FALSE", "1", "0", " true ", "yes", "TRue", "2", "t"],
    "date": ["2021-01-01", "2021-12-31", "2020-02-29", "0001-01-01", "9999-12-31", " 2021-06-15 ", "2021-02-29", "2021-13-01", "20210101", "x", "0000-01-01"],
    "datetime": ["2021-01-01T00:00:00Z", "2021-01-01T00:00:00", "2021-01-01T01:00:00+01:00", "2021-06-15T12:30:00.5Z", "2021-06-15T12:30:00.500Z",
                 "2021-06-15T12:30:00.123456Z", "9999-12-31T23:59:59Z", "2021-01-01T24:00:00Z", "2021-01-01T00:00:60Z", "x", "2021-02-30T00:00:00Z",
                 "2021-06-15T12:30:00.1234567Z"],
}
BOUNDS = {"integer": ["-5", "0", "2", "50"], "number": ["-1", "0.25", "1", "100"], "decimal": ["-1.25", "0.5", "50"],
          "date": ["2020-02-29", "2021-06-15"], "datetime": ["2021-01-01T00:00:00Z", "2021-06-15T12:30:00Z"]}

KEY_LENGTH = 60


def field(dice, name, kinds=tuple(CELLS)):
    kind = dice.choice(kinds)
    out = {"name": name, "type": "number" if kind == "decimal" else kind}
    rules = {}
    if kind == "decimal":
        out.update(precision=4, scale=2)
    if dice.random() < 0.3:
        rules["required"] = True
    if kind == "string":
        if dice.random() < 0.3:
            rules["minLength"] = dice.randint(1, 3)
        if dice.random() < 0.4:
            rules["maxLength"] = dice.randint(3, 8)
        if dice.random() < 0.2:
            rules["pattern"] = dice.choice(["[a-zA-Zß ]*", "a.*|b.*", "[^,]{1,4}"])
        if dice.random() < 0.1:
            rules["enum"] = dice.sample(WORDS, 12)
    elif kind in BOUNDS:
        if dice.random() < 0.25:
            rules[dice.choice(["minimum", "exclusiveMinimum"])] = BOUNDS[kind][0]
        if dice.random() < 0.25:
            rules[dice.choice(["maximum", "exclusiveMaximum"])] = dice.choice(BOUNDS[kind][1:])
        if dice.random() < 0.1 and kind in ("integer", "date"):
            rules["enum"] = [cell for cell in CELLS[kind] if judge.cast(out, cell) is not None and cell == cell.strip()][:6]
    if dice.random() < 0.15 and kind in ("string", "integer", "date", "decimal"):
        rules["unique"] = True
    if dice.random() < 0.2:
        out["missingValues"] = ["", "NULL"] if dice.random() < 0.5 else ["NULL"]
    if rules:
        out["constraints"] = rules
    return out


def dictionary(dice):
    keys = ("string", "integer", "date", "decimal")
    parent = {"name": "p", "schema": {"fields": [dict(field(dice, "k%d" % at, keys), missingValues=[""]) for at in range(dice.randint(1, 2))]}}
    for each in parent["schema"]["fields"]:
        each.pop("constraints", None)
        if each["type"] == "string":
            each["constraints"] = {"maxLength": KEY_LENGTH}
    parent["schema"]["primaryKey"] = [each["name"] for each in parent["schema"]["fields"]]
    fields = [field(dice, "f%d" % at) for at in range(dice.randint(2, 7))]
    references = []
    if dice.random() < 0.8:
        for each in parent["schema"]["fields"]:
            fields.append(dict(each, name="r_" + each["name"]))
            references.append("r_" + each["name"])
    dice.shuffle(fields)
    schema = {"fields": fields, "foreignKeys": []}
    able = [each["name"] for each in fields if each["type"] in ("string", "integer", "date") or "precision" in each]
    if able and dice.random() < 0.8:
        schema["primaryKey"] = dice.sample(able, min(len(able), dice.randint(1, 2)))
    if able and dice.random() < 0.4:
        schema["uniqueKeys"] = [dice.sample(able, min(len(able), dice.randint(1, 3)))]
        # The same fields twice over would be one key by two names.
        if set(schema["uniqueKeys"][0]) == set(schema.get("primaryKey", ())) or (
                len(schema["uniqueKeys"][0]) == 1 and any(each["name"] in schema["uniqueKeys"][0] and each.get("constraints", {}).get("unique") for each in fields)):
            del schema["uniqueKeys"]
    if len(schema.get("primaryKey", ())) == 1:
        for each in fields:
            if each["name"] == schema["primaryKey"][0]:
                each.get("constraints", {}).pop("unique", None)
    # MariaDB takes texts into keys only with a length.
    keyed = {name for key in [schema.get("primaryKey", ())] + schema.get("uniqueKeys", []) for name in key}
    for each in fields:
        if each["type"] == "string" and (each["name"] in keyed or each.get("constraints", {}).get("unique")):
            each.setdefault("constraints", {}).setdefault("maxLength", KEY_LENGTH)
    if references:
        schema["foreignKeys"].append({"fields": references, "reference": {"resource": "p", "fields": parent["schema"]["primaryKey"]}})
    # The table refers to itself, once or twice, by fields that may be missing.
    for name in dice.choice([(), (), ("boss",), ("boss", "twin")]) if "primaryKey" in schema else ():
        own = []
        for part in schema["primaryKey"]:
            described = next(each for each in fields if each["name"] == part)
            own.append("%s_%s" % (name, part))
            fields.append({key: value for key, value in described.items() if key != "constraints"})
            fields[-1].update(name=own[-1], missingValues=[""])
            if described["type"] == "string":
                fields[-1]["constraints"] = {"maxLength": KEY_LENGTH}
        schema["foreignKeys"].append({"fields": own, "reference": {"resource": dice.choice(["", "t"]), "fields": schema["primaryKey"]}})
    return {"name": "random", "resources": [parent, {"name": "t", "schema": schema}]}


def any_cell(dice, kind):
    chance = dice.random()
    if chance < 0.06:
        return dice.choice(["", "NULL"])
    if kind == "integer" and chance < 0.7:
        return str(dice.randint(-20, 400))
    if kind == "decimal" and chance < 0.7:
        return "%d.%02d" % (dice.randint(-99, 99), dice.randint(0, 99))
    if kind == "number" and chance < 0.7:
        return repr(dice.randint(-4000, 4000) / 16)
    if kind == "date" and chance < 0.7:
        return "20%02d-%02d-%02d" % (dice.randint(0, 30), dice.randint(1, 12), dice.randint(1, 28))
    if kind == "datetime" and chance < 0.7:
        return "2021-%02d-%02dT%02d:00:00Z" % (dice.randint(1, 12), dice.randint(1, 28), dice.randint(0, 23))
    if kind == "string" and chance < 0.6:
        return "".join(dice.choice("abAB ß") for _ in range(dice.randint(1, 6)))
    return dice.choice(CELLS[kind])


def relate(dice, table, rows):
    """Gives the records parents among each other, in any order: loops, records that are their own parent and missing parents among them."""
    schema = table["schema"]
    names = [each["name"] for each in schema["fields"]]
    for foreign in schema.get("foreignKeys", []):
        if foreign["reference"]["resource"] not in ("", table["name"]):
            continue
        theirs = [names.index(part) for part in foreign["reference"]["fields"]]
        whole = [at for at, row in enumerate(rows) if len(row) == len(names)]
        for at in whole:
            chance = dice.random()
            # Mostly some record near to it, so that chains are long; before it or behind it.
            near = whole[max(0, min(len(whole) - 1, whole.index(at) + dice.randint(-9, 9)))]
            parent = rows[at] if chance < 0.03 else rows[near] if chance < 0.7 else rows[dice.choice(whole)] if chance < 0.8 else None
            for own, part in zip(foreign["fields"], theirs):
                if chance < 0.98:
                    rows[at][names.index(own)] = parent[part] if parent else ""


def file_of(dice, table, count, parents=()):
    """CSV text with the faults of the world; some cells from small pools, so that keys meet. parents: spellings of keys that exist."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=dice.choice(["\n", "\r\n"]), quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    fields = table["schema"]["fields"]
    references = [part for foreign in table["schema"].get("foreignKeys", []) if foreign["reference"]["resource"] == "p" for part in foreign["fields"]]
    rows = []
    # Of each cell: how likely it is left to chance whether it is any good.
    wild = dice.choice([0.01, 0.03, 0.1])
    for _ in range(count):
        if dice.random() < 0.02:
            rows.append([])
            continue
        related = dict(zip(references, dice.choice(parents))) if parents and dice.random() < 0.9 else {}
        cells = []
        for field in fields:
            kind = "decimal" if "precision" in field else field["type"]
            cell = related.get(field["name"], any_cell(dice, kind))
            tries = 0
            while dice.random() > wild and tries < 20 and judge.violated(field, cell)[1]:
                cell, tries = any_cell(dice, kind), tries + 1
            cells.append(cell)
        if dice.random() < 0.02:
            del cells[dice.randint(1, len(cells)):]
        if dice.random() < 0.01:
            cells.append("more")
        # A record of one empty cell would be a line with nothing on it.
        if cells in ([""], []):
            cells = ["x"]
        rows.append(cells)
    relate(dice, table, rows)
    for cells in rows:
        if cells:
            writer.writerow(cells)
        else:
            out.write("\n")
    return out.getvalue()


def groups(rules):
    """Rule ids with their order where one is promised: by stage, in a stage by field, in a field as a set."""
    out = []
    for rule in rules:
        name = rule.split("(")[0].rsplit(".", 1)[1]
        stem = {"primary-key": "2 primary", "unique": "3 unique", "foreign-key": "4 foreign", "missing-cell": "0 missing " + rule,
                "extra-cell": "0 extra"}.get(name, "1 " + rule.rsplit(".", 1)[0])
        if out and out[-1][0] == stem:
            out[-1][1].append(rule)
        else:
            out.append((stem, [rule]))
    return [(stem, sorted(listed)) for stem, listed in out]


def canonical(table, row):
    out = []
    for each, cell in zip(table["schema"]["fields"], row):
        if cell is not None and each["type"] == "number":
            cell = number(cell)
        elif cell is not None and each["type"] == "datetime":
            cell = fraction(cell)
        out.append(cell)
    return tuple(out)


def sortable(rows):
    return sorted(rows, key=lambda row: tuple((cell is not None, cell or "") for cell in row))


def play(dice, folder, at):
    described = dictionary(dice)
    parent, child = described["resources"]
    state = {"p": judge.Target(parent), "t": judge.Target(child)}
    files = {"p.csv": file_of(dice, parent, 60)}
    wanted = [("p", "p.csv", judge.judge(parent, files["p.csv"], state))]
    for name, count in (("t1.csv", records), ("t2.csv", records // 4)):
        files[name] = file_of(dice, child, count, state["p"].rows)
        wanted.append(("t", name, judge.judge(child, files[name], state)))
    with open(os.path.join(folder, "dictionary.json"), "w") as out:
        json.dump(described, out, indent=1)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", newline="") as out:
            out.write(text)
    itself = any(foreign["reference"]["resource"] in ("", "t") for foreign in child["schema"]["foreignKeys"])
    commit = dice.choice(["auto", "step"] if itself else ["auto", "step", "{ rows: 1 }", "{ rows: %d }" % dice.randint(2, 200), "{ every: 5ms }"])
    limits = dice.choice(["", "limits: { keys: 64KiB }\n"])
    with open(os.path.join(folder, "pipeline.yaml"), "w") as out:
        out.write("version: 1\nname: random\ndictionary: dictionary.json\n%sparams: { file: { default: t1.csv } }\n"
                  "connections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\nsteps:\n" % limits)
        for table, path in (("p", "p.csv"), ("t", '"${params.file}"')):
            out.write("  - name: %s\n    source: { type: csv, path: %s, header: false }\n    rules: { table: %s }\n"
                      "    sink: { type: odbc, connection: db, table: %s, create: true, commit: %s }\n" % (table, path, table, table, commit))
    for kind in databases():
        db = newdb(kind)
        where = "round %d (seed %d), %s, commit %s%s" % (at, seed, kind, commit, ", " + limits.strip() if limits else "")
        summaries = []
        for file in ("t1.csv", "t2.csv"):
            done = penstock("run", "pipeline.yaml", "--json", "--set", "file=" + file, db=db, cwd=folder, program=PROGRAM)
            equal(done.code, 0, "%s: %s" % (where, done.tail()))
            books(done.json, 0)
            summaries.append(done.json)
        got = {}
        for source, record_no, violations, record in db.query("select source, record_no, violations, record from penstock_rejects"):
            got[source, int(record_no)] = ([violation["rule"] for violation in json.loads(violations)], record)
        for table, path, result in wanted:
            mine = {number: value for (source, number), value in got.items() if source == path}
            for record_no, rules, record in result.rejects:
                if record_no not in mine:
                    raise Failed("%s: %s record %d is no reject, wanted %s" % (where, path, record_no, rules))
                if groups(mine[record_no][0]) != groups(rules):
                    raise Failed("%s: %s record %d %r: wanted %s, got %s" % (where, path, record_no, record, rules, mine[record_no][0]))
                equal(mine[record_no][1], record, "%s: %s record %d: the original" % (where, path, record_no))
            more = sorted(set(mine) - {record_no for record_no, *_ in result.rejects})
            check(not more, "%s: %s record %s: too much is rejected: %s" % (where, path, more[:1], mine[more[0]] if more else ""))
        for table, path, result in wanted:
            step = step_of(summaries[path == "t2.csv"], table)
            equal([step["read"], step["written"], step["rejected"], skipped(step)],
                  [result.read, result.written, len(result.rejects), {"blank": result.blank} if result.blank else {}],
                  "%s: books of %s" % (where, path))
        for table, target in state.items():
            described_table = target.table
            names = [each["name"] for each in described_table["schema"]["fields"]]
            _, rows = dbdump.table_rows(db, table, names)
            rows = sortable(canonical(described_table, row) for row in rows)
            want = sortable(canonical(described_table, row) for row in target.rows)
            if rows != want:
                raise Failed("%s: rows of %s: missing %s, too many %s" % (where, table, [row for row in want if row not in rows][:3],
                                                                          [row for row in rows if row not in want][:3]))
    return wanted[1][2]


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % seed)
    written = rejects = 0
    for at in range(rounds):
        folder = tmp("round%d" % at)
        os.mkdir(folder)
        result = play(random.Random("%d/%d" % (seed, at)), folder, at)
        written, rejects = written + result.written, rejects + len(result.rejects)
    print("%d dictionaries, %d records each: %d rows, %d rejects" % (rounds, records, written, rejects))


if __name__ == "__main__":
    main(test)
