"""Runs golden cases: a folder each, with input files, a dictionary, and case.json written by hand.

usage: cases.py PREFIX...        the folders in tests/golden/cases whose names begin so

case.json:
  about     one sentence
  databases where it runs; all when left out
  before    {"any" | "sqlite" | "postgresql" | "mariadb": [SQL]}: what the database holds beforehand
  steps     [[table, file, {source options}, {rules options}, {sink options}]]: a pipeline is written from them; a folder
            with a pipeline.yaml of its own leaves them out
  top       lines for the top of that pipeline
  runs      [{args, exit, status, books, says, pipeline, copy, sql, set_env}]; books: {step: [read, written, rejected, {skipped}]}, null: any;
            says: texts that stand in stderr; copy: {to: from} files changed before; sql: like before
  rows      {table: [[column...], [value...]...]} after the last run, null: there is no such table
  rejects   ["STEP RECORD_NO FIELD CODE RULE [+ RULE]..."] in order; FIELD - is none; further rules: all other violations
  places    {"STEP RECORD_NO": [line_no, byte_offset, record]}; null: not looked at
  published the flag of all rejects (default 1)
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import dbdump
from harness import FULL, TOP, Failed, PENSTOCK, check, databases, equal, fraction, main, newdb, number, penstock, books, skipped, step_of, tmp

KEYS = {"about", "databases", "before", "steps", "top", "runs", "rows", "rejects", "places", "published", "sqlite_text"}


def options(given):
    return "".join(", %s: %s" % (name, value) for name, value in given.items())


def pipeline(case, path):
    lines = ["version: 1", "name: case", "dictionary: dictionary.yaml",
             "connections:", '  db: { type: odbc, connect: "${PENSTOCK_DB}" }', "state: db"]
    lines += case.get("top", [])
    lines.append("steps:")
    for step in case["steps"]:
        table, file, source, rules, sink = (step + [{}, {}, {}])[:5]
        name = sink.pop("step", table)
        target = sink.pop("table", table)
        sink = dict({"mode": "append", "create": "true"}, **sink)
        source = dict({"header": "true"}, **source)
        lines += ["  - name: " + name, "    source: { type: csv, path: %s%s }" % (file, options(source)),
                  "    rules: { table: %s%s }" % (table, options(rules)),
                  "    sink: { type: odbc, connection: db, table: %s%s }" % (target, options(sink))]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def statements(db, given):
    for kind in ("any", db.kind):
        if given.get(kind):
            db.execute(*given[kind])


def wanted_row(row):
    return tuple(None if cell is None else str(cell) for cell in row)


def same_text(got, wanted):
    """Numbers may be spelled in several ways, and so may the fraction of a second."""
    if got == wanted or got is None or wanted is None:
        return got == wanted
    if re.match(r"\d{4}-\d\d-\d\dT", wanted):
        return fraction(got) == fraction(wanted)
    try:
        return number(got) == number(wanted)
    except ArithmeticError:
        return False


def check_rows(db, case):
    for table, wanted in case.get("rows", {}).items():
        if wanted is None:
            # MariaDB cannot take the making of a table back.
            check(table not in db.tables() or (db.kind == "mariadb" and db.count(table) == 0), "there is a table " + table)
            continue
        names = wanted[0]
        _, got = dbdump.table_rows(db, table, names)
        want = sorted((wanted_row(row) for row in wanted[1:]), key=lambda row: tuple((cell is not None, cell or "") for cell in row))
        if len(got) != len(want) or not all(all(map(same_text, g, w)) for g, w in zip(got, want)):
            raise Failed("rows of %s:\n  wanted %s\n  got    %s" % (table, want, got))


def stages(rules):
    """Within one stage and one field no order is promised among constraints: those are compared as sets."""
    groups = []
    for rule in rules:
        stem = rule.rsplit(".", 1)[0]
        if groups and groups[-1][0] == stem:
            groups[-1][1].add(rule)
        else:
            groups.append((stem, {rule}))
    return groups


def check_rejects(db, case):
    if "rejects" not in case:
        return
    got, places = [], {}
    columns = "step, record_no, field, code, rule, violations, line_no, byte_offset, record, message, source, table_name"
    rows = db.query("select %s from penstock_rejects" % columns) if "penstock_rejects" in db.tables() else []
    for step, record_no, field, code, rule, violations, line_no, offset, record, message, source, table in rows:
        listed = json.loads(violations)
        equal((listed[0]["field"] or "", listed[0]["code"], listed[0]["rule"]), (field or "", code, rule), "first violation of %s %s" % (step, record_no))
        check(message, "message of %s %s is empty" % (step, record_no))
        for violation in listed:
            check(violation["message"], "a violation of %s %s has no message" % (step, record_no))
        got.append((step, int(record_no), field or "-", code, [violation["rule"] for violation in listed]))
        places[step, int(record_no)] = [int(line_no), int(offset), record]
    wanted = []
    for line in case["rejects"]:
        first, *more = line.split(" + ")
        step, record_no, field, code, rule = first.split(" ")
        wanted.append((step, int(record_no), field, code, [rule] + more))
    got.sort()
    wanted.sort()
    for g, w in zip(got, wanted):
        if g[:2] != w[:2] or stages(g[4]) != stages(w[4]) or (len(w[4]) == 1 and g[2:4] != w[2:4]) or g[3] != w[3]:
            raise Failed("reject: wanted %s\n               got    %s" % (w, g))
    equal([reject[:2] for reject in got], [reject[:2] for reject in wanted], "rejects")
    for key, place in case.get("places", {}).items():
        step, record_no = key.split(" ")
        for name, g, w in zip(("line_no", "byte_offset", "record"), places[step, int(record_no)], place):
            if w is not None:
                equal(g, w, "%s of %s" % (name, key))
    flag = case.get("published", 1)
    equal(db.count("penstock_rejects", compare.published(db, flag)), len(wanted), "rejects with published = %d" % flag)


def play(folder, kind, program):
    name = os.path.basename(folder)
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as file:
        case = json.load(file)
    unknown = set(case) - KEYS
    check(not unknown, "case.json has unknown keys %s" % sorted(unknown))
    if kind not in case.get("databases", [kind]):
        return False
    work = tmp("%s.%s.%s" % (name, kind, os.path.basename(os.path.dirname(program))))
    shutil.copytree(folder, work)
    if not os.path.exists(os.path.join(work, "pipeline.yaml")):
        pipeline(case, os.path.join(work, "pipeline.yaml"))
    db = newdb(kind)
    statements(db, case.get("before", {}))
    for at, run in enumerate(case["runs"]):
        where = "run %d" % (at + 1)
        for to, source in run.get("copy", {}).items():
            shutil.copy(os.path.join(work, source), os.path.join(work, to))
        statements(db, run.get("sql", {}))
        done = penstock("run", run.get("pipeline", "pipeline.yaml"), "--json", *run.get("args", []), db=db, cwd=work, program=program)
        if done.code != run.get("exit", 0):
            raise Failed("%s: wanted exit %d, got %s" % (where, run.get("exit", 0), done.tail()))
        for text in run.get("says", []):
            check(text in done.err, "%s: stderr does not say %r: %s" % (where, text, done.err))
        if not done.out.strip():
            check(done.code == 2 and "books" not in run, "%s: no summary\n%s" % (where, done.tail()))
            continue
        summary = done.json
        books(summary, done.code)
        wanted = {0: "succeeded", 3: "rejected"}.get(done.code, "failed")
        equal(summary["status"], run.get("status", wanted), where + ": status")
        for step, numbers in run.get("books", {}).items():
            got = step_of(summary, step)
            found = [got["read"], got["written"], got["rejected"], skipped(got)]
            expected = [f if n is None else n for f, n in zip(found, (numbers + [{}])[:4])]
            equal(found, expected, "%s: books of %s" % (where, step))
    check_rows(db, case)
    check_rejects(db, case)
    if kind == "sqlite":
        for table, wanted in case.get("sqlite_text", {}).items():
            got = db.query('select %s from "%s"' % (wanted[0], table))
            equal(sorted(got), sorted(wanted_row(row) for row in wanted[1:]), "what SQLite stores in " + table)
    return True


def test():
    here = os.path.join(TOP, "tests/golden/cases")
    names = sorted(name for name in os.listdir(here) if any(name.startswith(prefix) for prefix in sys.argv[1:]))
    check(names, "no such case")
    programs = [os.environ.get("PENSTOCK_SAN") or PENSTOCK]
    if FULL and PENSTOCK not in programs:
        programs.append(PENSTOCK)
    played = 0
    failures = []
    for name in names:
        for kind in databases():
            for program in programs:
                try:
                    played += play(os.path.join(here, name), kind, program)
                except Failed as bad:
                    failures.append("%s on %s: %s" % (name, kind, bad))
                except (KeyError, ValueError, IndexError) as bad:
                    failures.append("%s on %s: %s: %s" % (name, kind, type(bad).__name__, bad))
    for text in failures:
        print(text)
    print("%d cases, %d runs of one, %d failed" % (len(names), played, len(failures)))
    check(not failures, "%d of %d" % (len(failures), played))


if __name__ == "__main__":
    main(test)
