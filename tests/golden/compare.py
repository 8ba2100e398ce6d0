"""The same rows in every kind of place are equal; what was changed on purpose is found, and nothing else.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import csv
import itertools
import json
import os
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import FIELDS, backup, every_files, every_pipelines, fresh, read_avro, rewrite_avro
from harness import TOP, Db, check, databases, equal, main, newdb, penstock, run, tmp

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--large", type=int, required=True)
wanted = parser.parse_args()


def connection(db, name):
    path = tmp(name + ".connect")
    with open(path, "w") as file:
        file.write(db.connect + "\n")
    return "file:" + path


def compare(code, a, b, *arguments, **named):
    done = penstock("compare", a, b, *arguments, "--json", **named)
    equal(done.code, code, "compare %s %s %s: %s" % (a, b, " ".join(arguments), done.tail()))
    if code in (0, 6):
        equal(done.json["equal"], code == 0, "what the report says")
        equal(penstock("compare", a, b, *arguments, **named).code, code, "the exit status without --json")
        return {table["name"]: table for table in done.json["tables"]}
    return done.err


# --- equal ------------------------------------------------------------------------------------------
def everywhere():
    """The same rows in every place; gives the places of the table `every`, all places of both tables, and the folder of the CSV files."""
    folder = every_files(fresh("every"), wanted.rows)
    load, back, _ = every_pipelines(folder)
    one, both = {"csv": folder + "/every.csv"}, {}
    for kind in databases():
        db = newdb(kind)
        run(load, "--set", "folder=" + folder, db=db)
        place = connection(db, kind)
        saved = backup(db, fresh("backups." + kind), pipeline=back)
        one.update({kind: place + "#every", "avro of " + kind: saved + "/every.avro"})
        both.update({kind: place, "backup of " + kind: os.path.dirname(saved)})
    return one, both, folder


def all_equal(one, both, folder):
    prints = set()
    for (left, a), (right, b) in itertools.combinations(one.items(), 2):
        report = compare(0, a, b, "--dictionary", folder + "/datapackage.yaml", "--table", "every")
        equal(report["every"]["rows_a"], wanted.rows, "rows of %s" % left)
        equal(report["every"]["rows_b"], wanted.rows, "rows of %s" % right)
        prints.add(report["every"]["fingerprint_a"])
    equal(len(prints), 1, "one fingerprint wherever the rows are")
    for (left, a), (right, b) in itertools.combinations(both.items(), 2):
        # Without a dictionary: under the schema of the side that knows its types better.
        report = compare(0, a, b)
        equal(sorted(report), ["every", "parent"], "tables of %s and %s" % (left, right))
        compare(0, b, a, "--dictionary", folder + "/datapackage.yaml")
    for place in both.values():
        # A single table against all of them.
        equal(list(compare(0, one["csv"], place, "--dictionary", folder + "/datapackage.yaml")), ["every"], "a file against all tables")
    text = penstock("compare", one["csv"], next(iter(both.values())), "--dictionary", folder + "/datapackage.yaml")
    check("equal: 1 table, %d rows" % wanted.rows in text.out and prints.pop() in text.out, "the text says so: " + text.tail())


# --- different --------------------------------------------------------------------------------------
def literal(db, number):
    return str(number) if db.kind == "sqlite" else "%d" % number


def copy_of(db, folder, load):
    other = newdb(db.kind)
    run(load, "--set", "folder=" + folder, db=other)
    return other


def row_of(report, difference):
    rows = [row for row in report["rows"] if row["difference"] == difference]
    equal(len(rows), 1, "one row is %s: %s" % (difference, report["rows"]))
    return rows[0]


def differences(kind, folder):
    """One change after the other on one side, from the first row of the file to a column that is gone."""
    load = folder + "/load.yaml"
    a, b = newdb(kind), newdb(kind)
    for db in (a, b):
        run(load, "--set", "folder=" + folder, db=db)
    left, right = connection(a, kind + ".a"), connection(b, kind + ".b")
    saved = backup(a, fresh("saved." + kind), pipeline=folder + "/backup.yaml")
    dictionary = ("--dictionary", folder + "/datapackage.yaml")
    with open(folder + "/every.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first = rows[2]

    # One value: found from every kind of place, with the value on each side.
    b.execute('update "every" set "text" = \'changed\' where "id" = %s' % first["id"])
    for place in (left, os.path.dirname(saved), saved + "/every.avro", folder + "/every.csv"):
        report = compare(6, place, right, *dictionary, *(("--table", "every") if place.endswith(".csv") else ()))["every"]
        equal(report["columns_different"], ["text"], "columns that differ")
        equal((report["changed"], report["only_in_a"], report["only_in_b"], report["counted_all"]), (1, 0, 0, True), "rows that differ")
        row = row_of(report, "changed")
        equal(row["key"], {"id": first["id"]}, "the key of the row")
        was = None if first["text"] == "NULL" else first["text"]
        shown = was if was is None or len(was.encode()) <= 256 else was[:256] + "..."
        equal(row["columns"], {"text": {"a": shown, "b": "changed"}}, "the values")
    words = penstock("compare", left, right, *dictionary).out
    for said in ("different: 1 of 2 tables", "columns that differ: text", 'differs: id "%s"' % first["id"], '"changed" in B', "1 changed"):
        check(said in words, "the text says %r: %s" % (said, words))

    # Nothing else of that table, with the column left out.
    compare(0, left, right, *dictionary, "--ignore", "text")
    compare(0, left, right, *dictionary, "--ignore", "every.text")
    compare(6, left, right, *dictionary, "--ignore", "parent.text")

    # Nothing is not the empty text.
    b.execute('update "every" set "text" = null where "id" = %s' % first["id"])
    a.execute('update "every" set "text" = \'\' where "id" = %s' % first["id"])
    row = row_of(compare(6, left, right, *dictionary)["every"], "changed")
    equal(row["columns"], {"text": {"a": "", "b": None}}, "nothing and the empty text")
    a.execute('update "every" set "text" = null where "id" = %s' % first["id"])
    compare(0, left, right, *dictionary)

    # Two values exchanged: every column holds the same values still.
    second = rows[3]
    for db, values in ((a, (41, 42)), (b, (42, 41))):
        for row, value in zip((first, second), values):
            db.execute('update "every" set "whole" = %d where "id" = %s' % (value, row["id"]))
    report = compare(6, left, right, *dictionary)["every"]
    check("columns_different" not in report, "no column differs as a whole")
    equal((report["changed"], report["only_in_a"], report["only_in_b"]), (2, 0, 0), "two rows differ")
    a.execute('update "every" set "whole" = 42 where "id" = %s' % first["id"], 'update "every" set "whole" = 41 where "id" = %s' % second["id"])

    # A row less, a row more.
    b.execute('delete from "every" where "id" = %s' % second["id"])
    report = compare(6, left, right, *dictionary)["every"]
    equal((report["rows_a"], report["rows_b"]), (wanted.rows, wanted.rows - 1), "rows")
    equal((report["changed"], report["only_in_a"], report["only_in_b"]), (0, 1, 0), "a row less")
    equal(row_of(report, "only_in_a")["row"]["id"], second["id"], "which")
    report = compare(6, right, left, *dictionary)["every"]
    equal(row_of(report, "only_in_b")["row"]["id"], second["id"], "the other way round")
    b.execute('insert into "every" ("id", "text") values (777777777, \'new\')')
    report = compare(6, left, right, *dictionary)["every"]
    equal((report["changed"], report["only_in_a"], report["only_in_b"]), (0, 1, 1), "a row less and one more")

    # Many: as many as were asked for are shown, all are counted as long as they fit.
    b.execute('update "every" set "code" = null, "region" = null where "id" > 0')
    report = compare(6, left, right, *dictionary, "--rows", "3")["every"]
    equal(len(report["rows"]), 3, "--rows 3")
    changed = sum(row["region"] != "NULL" and int(row["id"]) > 0 and row is not second for row in rows)
    if report["counted_all"]:
        equal(report["changed"], changed, "how many were changed")
    report = compare(6, left, right, *dictionary, "--rows", "0")["every"]
    check("rows" not in report and report["columns_different"], "--rows 0 looks for none")

    # A column less, a column more, a table less, a table more.
    a, left = copy_of(a, folder, load), None
    b = copy_of(b, folder, load)
    left, right = connection(a, kind + ".c"), connection(b, kind + ".d")
    b.execute('alter table "every" drop column "span"')
    report = compare(6, left, right)["every"]
    equal(report["columns_only_in_a"], ["span"], "a column less")
    check("columns_different" not in report and report["fingerprint_a"] == report["fingerprint_b"], "the others are equal")
    check("columns only in A: span" in penstock("compare", left, right).out, "the text says so")
    compare(0, left, right, "--ignore", "span")
    equal(compare(6, right, left, *dictionary)["every"]["columns_only_in_b"], ["span"], "a column that the dictionary has")
    for db in (a, b):
        db.execute('alter table "parent" add column "more" integer')
    equal(compare(6, left, right, *dictionary, "--ignore", "span")["parent"]["columns_not_in_dictionary"], ["more"], "a column that it lacks")
    compare(0, left, right, *dictionary, "--ignore", "span", "--ignore", "more")
    compare(0, left, right, "--ignore", "span")
    b.execute('create table "another" ("x" integer)')
    equal(compare(6, left, right, "--ignore", "span")["another"]["result"], "only_in_b", "a table more")
    equal(compare(6, left, right, "--ignore", "span", *dictionary)["another"]["result"], "only_in_b", "a table more")
    check("missing in A" in penstock("compare", left, right).out, "the text says so")
    compare(0, left, right, "--ignore", "span", "--ignore", "another")
    a.execute('create table "another" ("x" integer)')
    compare(0, left, right, "--ignore", "span")
    equal(compare(6, left, right, "--ignore", "span", *dictionary, "--ignore", "more")["another"]["result"], "not_in_dictionary", "a table that it lacks")
    # Tables of penstock itself are never compared.
    b.execute("drop table penstock_runs")
    compare(0, left, right, "--ignore", "span")
    print("%s: differences found" % kind)


def files(folder):
    """Avro files that another program has changed; a CSV file with records that cannot be read; tables without a key."""
    db = newdb("sqlite")
    run(folder + "/load.yaml", "--set", "folder=" + folder, db=db)
    saved = backup(db, fresh("saved.files"), pipeline=folder + "/backup.yaml")
    other = tmp("other.avro")
    shutil.copy(saved + "/parent.avro", other)
    rewrite_avro(other, lambda rows: rows[:-1])
    report = compare(6, saved + "/parent.avro", other)["parent"]
    equal(report["rows_b"], report["rows_a"] - 1, "a record removed")
    shutil.copy(saved + "/parent.avro", other)
    rewrite_avro(other, lambda rows: list(reversed(rows)))
    compare(0, saved + "/parent.avro", other)

    bad = tmp("bad.csv")
    with open(folder + "/parent.csv", encoding="utf-8") as file:
        lines = file.read().splitlines(keepends=True)
    with open(bad, "w", encoding="utf-8") as file:
        file.write("".join(lines[:-1]) + "north,word,\n")
    report = compare(6, bad, saved, "--table", "parent")["parent"]
    equal((report["unreadable_a"], report["only_in_b"]), (1, 1), "a record that is none")
    equal(report["unreadable"][0]["rule"], "parent.code.type", "its rule")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("".join(lines[1:]))
    compare(0, bad, saved, "--table", "parent", "--no-header")
    compare(0, bad, saved, "--table", "parent", "--no-header", "--ignore", "note")

    # Without a key rows are matched whole, also those that are there several times.
    a, b = newdb("sqlite"), newdb("sqlite")
    a.execute("create table t (x integer, y text)", *["insert into t values (1, 'a')"] * 3, "insert into t values (2, 'b')")
    b.execute("create table t (x integer, y text)", "insert into t values (1, 'a')", "insert into t values (2, 'c')")
    report = compare(6, connection(a, "bag.a"), connection(b, "bag.b"))["t"]
    equal((report["key"], report["changed"], report["only_in_a"], report["only_in_b"]), ([], 0, 3, 1), "rows without a key")
    equal(sorted((row["difference"], row["times"], row["row"]["y"]) for row in report["rows"]),
          [("only_in_a", 1, "b"), ("only_in_a", 2, "a"), ("only_in_b", 1, "c")], "which, and how often")

    # What its column's type cannot hold, in SQLite.
    b.execute("drop table t; create table t (x integer, y text); insert into t values ('word', 'a')")
    report = compare(6, connection(a, "bag.a"), connection(b, "bag.b"))["t"]
    equal(report["unreadable_b"], 1, "a word in a column of integers")


def slips(folder):
    db = newdb("sqlite")
    db.execute("create table jobs (id integer primary key)")
    place = connection(db, "slips")
    for code, words, arguments in (
            (2, "is nothing to compare", ("nowhere", place)),
            (2, "is neither FILE.csv nor FILE.avro", (folder + "/load.yaml", place)),
            (2, "did you mean", (place + "#job", place)),
            (2, "neither side knows types", (folder + "/every.csv", folder + "/parent.csv")),
            (2, "has no table \"parents\" (did you mean \"parent\"?)",
             (folder + "/parent.csv", folder + "/parent.csv", "--dictionary", folder + "/datapackage.yaml", "--table", "parents")),
            (2, "neither side has a table \"none\"", (folder, place, "--table", "none")),
            (4, "no-such.avro", ("no-such.avro", place)),
            (4, "no-such.csv", ("no-such.csv", place + "#jobs")),
            (4, "no complete backup", (fresh("empty"), place)),
            (2, "NO_SUCH_VARIABLE", ("env:NO_SUCH_VARIABLE", place)),
            (5, "", ("env:BAD", place))):
        if arguments[0] == folder and len(arguments) == 4:
            saved = fresh("saved.files")
            arguments = (saved, *arguments[1:])
        done = penstock("compare", *arguments, env={"BAD": "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=1;Database=x;Uid=x"})
        equal(done.code, code, "compare %s: %s" % (" ".join(arguments), done.tail()))
        check(words in done.err, "%r in: %s" % (words, done.err))
        equal(done.out, "", "output in spite of an error")


# --- size -------------------------------------------------------------------------------------------
def large():
    """Memory is flat, also where every row differs, and all values are found where few do."""
    paths = []
    for name in ("large.a", "large.b"):
        paths.append(tmp(name + ".db"))
        with sqlite3.connect(paths[-1]) as base:
            base.execute("create table t (id integer primary key, name text, n integer)")
            base.executemany("insert into t values (?, ?, ?)", ((i, "name %d" % i, i * 7) for i in range(wanted.large)))
    places = [connection(Db("Driver=SQLite3;Database=" + path), "large.%d" % at) for at, path in enumerate(paths)]
    measured = [sys.executable, "-S", TOP + "/tests/support/rss.py", tmp("rss")]

    def peak(code):
        report = compare(code, *places, wrap=measured)["t"]
        with open(tmp("rss")) as file:
            mib = int(file.read()) / 1024
        check(mib <= 64, "compare took %.1f MiB" % mib)
        return report, mib

    peak(0)
    changed = sorted(set(range(0, wanted.large, wanted.large // 7)))
    with sqlite3.connect(paths[1]) as base:
        base.executemany("update t set n = -1 where id = ?", ((i,) for i in changed))
    report, _ = peak(6)
    equal([int(row["key"]["id"]) for row in report["rows"]], changed, "the rows that were changed, in their order")
    check(report["counted_all"] and report["changed"] == len(changed), "all of them")
    with sqlite3.connect(paths[1]) as base:
        base.execute("update t set n = n + 1")
    report, mib = peak(6)
    check(report["changed"] >= 10000 and len(report["rows"]) == 10, "every row differs")
    print("%d rows: %.1f MiB where every row differs" % (wanted.large, mib))


def test():
    one, both, folder = everywhere()
    all_equal(one, both, folder)
    for kind in databases():
        differences(kind, folder)
    files(folder)
    slips(folder)
    large()


main(test)
