"""Which rows have a parent is worked out here, with Python's sets.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, main, newdb, penstock, run, step_of, tmp

ROWS = int(os.environ["PENSTOCK_TEST_ROWS"])
lots = random.Random(6)
DICTIONARY = """
resources:
  - name: regions
    schema: { fields: [{ name: code, type: string, constraints: { maxLength: 40 } }], primaryKey: code }
  - name: orders
    schema:
      fields: [{ name: region, type: string }, { name: id, type: integer }, { name: total, type: number, precision: 10, scale: 2, constraints: { required: true } }]
      primaryKey: [region, id]
      foreignKeys: [{ fields: region, reference: { resource: regions, fields: code } }]
  - name: lines
    schema:
      fields: [{ name: region, type: string }, { name: order, type: integer }, { name: line, type: integer }]
      foreignKeys: [{ fields: [region, order], reference: { resource: orders, fields: [region, id] } }]
"""
TABLES = ("regions", "orders", "lines")
HEAD = "version: 1\nname: files\ndictionary: dictionary.yaml\nlimits: { keys: %s }\nsteps:\n"


def write(name, text):
    with open(tmp(name), "w", newline="") as file:
        file.write(text)
    return tmp(name)


def rows_in(name, rows):
    with open(tmp(name), "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def step(table, name=None, source=None, sink="csv", check_what="", more=""):
    name = name or table
    return ("  - name: %s\n    source: { type: csv, path: %s, header: false }\n    rules: { table: %s%s }\n    sink: { type: %s, path: %s%s }\n"
            % (name, tmp(source or table + ".csv"), table, check_what, sink, tmp("%s.out" % name), more))


def pipeline(*steps, keys="24MiB"):
    return write("pipeline.yaml", HEAD % keys + "".join(steps))


def out(name):
    with open(tmp(name + ".out"), newline="") as file:
        return list(csv.reader(file))[1:]


def data():
    """Rows, and those of them that are to be written."""
    regions = ["r%04d-%s" % (i, "x" * lots.randrange(20)) for i in range(ROWS // 10)] + ["y" * 41]
    orders = [(lots.choice(regions + ["nowhere"]), i % (ROWS // 2), lots.choice(["1.50", "2.00", "x"])) for i in range(ROWS)]
    lines = [("", 1, 0)] + [(row[0], row[1] + lots.choice([0, 0, 0, 1]), i) for i, row in enumerate(lots.choices(orders, k=ROWS))]
    for name, rows in zip(TABLES, ([(one,) for one in regions], orders, lines)):
        rows_in(name + ".csv", rows)
    good_regions = set(regions[:-1])
    good_orders = {}
    for region, number, total in orders:
        if region in good_regions and total != "x":
            good_orders.setdefault((region, number), total)
    good_lines = [row for row in lines if not row[0] or (row[0], row[1]) in good_orders]
    return ([[one] for one in regions[:-1]], [[region, str(number), total] for (region, number), total in good_orders.items()],
            [[str(cell) for cell in row] for row in good_lines])


def right(wanted):
    for keys in ("24MiB", "1KiB"):
        path = pipeline(*(step(table) for table in TABLES), keys=keys)
        dry = penstock("run", path, "--dry-run", "--json")
        done = run(path)
        for table, rows in zip(TABLES, wanted):
            equal(out(table), rows, "%s with keys of %s" % (table, keys))
            equal(step_of(dry.json, table)["rejects_by_rule"], step_of(done.json, table)["rejects_by_rule"], "rejects of a dry run")
        check(step_of(done.json, "lines")["rejects_by_rule"].keys() == {"lines.foreign-key(region+order)"}, "rules: %r" % done.json)
    # Other sinks, and the parents in two files of which neither holds the other's rows.
    rows_in("one.csv", [row for row in wanted[0][:50]])
    rows_in("two.csv", [row for row in wanted[0][50:] + wanted[0][:5]])
    path = pipeline(step("regions", "one", "one.csv", "json"), step("regions", "two", "two.csv", "avro"), step("orders", sink="json", more=", lines: true"))
    for arguments in ((), ("--dry-run",)):
        done = penstock("run", path, "--json", *arguments)
        equal((done.code, step_of(done.json, "two")["rejected"]), (0, 0), "the same key in two files")
    with open(tmp("orders.out")) as file:
        equal([[one["region"], str(one["id"])] for one in map(json.loads, file)], [row[:2] for row in wanted[1]], "orders as JSON")


def orphans():
    path = pipeline(step("regions"), step("lines"))
    for command in ("validate", "plan", "run", "check"):
        done = penstock(command, path)
        check(done.code == 2 and "pipeline.yaml:10:5: rows of table \"lines\" refer to rows of \"orders\"" in done.err, "%s: %s" % (command, done.tail()))
    equal(penstock("validate", pipeline(step("orders"), step("regions"))).code, 2, "a parent behind its child")
    equal(penstock("validate", pipeline(step("regions", check_what=", check: types"), step("orders"))).code, 2, "a parent whose keys nobody judges")
    done = penstock("run", pipeline(step("lines", check_what=", check: types")), "--json")
    equal((done.code, done.json["rejected"]), (0, 0), "types alone")
    done = penstock("run", pipeline(*(step(table) for table in TABLES)), "--step", "orders")
    check(done.code == 2 and "which step regions writes" in done.err, "a step without its parents: " + done.tail())
    equal(penstock("run", pipeline(*(step(table) for table in TABLES)), "--step", "regions").code, 0, "a step that has no parents")
    # A table of a database is no place for the children of a file.
    db = newdb("sqlite")
    steps = step("regions").split("    sink:")[0] + "    sink: { type: odbc, connection: db, table: regions, create: true }\n" + step("orders")
    path = write("mixed.yaml", (HEAD % "24MiB").replace("steps:", 'connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }\nsteps:') + steps)
    done = penstock("validate", path, db=db)
    check(done.code == 2 and "no earlier step writes \"regions\" to a file" in done.err, "parents in a database: " + done.tail())


def test():
    write("dictionary.yaml", DICTIONARY)
    right(data())
    orphans()
    print("%d orders and as many lines found their parents in files" % ROWS)


main(test)
