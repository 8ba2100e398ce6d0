"""The orders example, held against examples/orders/expected, which was written by hand.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import TOP, check, databases, equal, main, newdb, number, penstock, run, tmp  # noqa: E402

HERE = os.path.join(TOP, "examples/orders")
LOAD, BACKUP, RESTORE = (os.path.join(HERE, name + ".yaml") for name in ("orders", "backup", "restore"))
DICTIONARY = os.path.join(HERE, "datapackage.yaml")
DATA = "examples/orders/data/"  # as the pipeline has it, from the top of the tree
TABLES = ("products", "set_parts", "customers", "orders", "order_lines")
NUMBERS = ("no", "referred_by", "customer_no", "order_no", "line", "quantity", "price", "total")


def expected(name):
    with open(os.path.join(HERE, "expected", name + ".csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def canonical(name, text):
    """A cell of an expected file, or of a database: decimals without zeros that say nothing, moments without fractions that do."""
    if text is None or text == "":
        return None
    return number(text) if name in NUMBERS else re.sub(r"(:\d\d)\.0+(Z?)$", r"\1\2", text)


def by_text(row):
    return [cell or "" for cell in row]


def tables_are_right(db, what):
    for table in TABLES:
        wanted = expected(table)
        names = list(wanted[0])
        rows = sorted(([canonical(name, row[name]) for name in names] for row in wanted), key=by_text)
        got = sorted(([canonical(name, cell) for name, cell in zip(names, row)] for row in dbdump.table_rows(db, table, names)[1]), key=by_text)
        equal(got, rows, "%s, %s: %s" % (db, what, table))


def loaded(db):
    rejects = expected("rejects")
    steps = {step["name"]: step for step in run(LOAD, db=db).json["steps"]}
    for name, step in steps.items():
        equal(step["rejected"], sum(row["step"] == name for row in rejects), "%s: rejects of %s" % (db, name))
    equal(steps["orders_south"]["skipped_by_reason"], {"filtered": 1}, "%s: the order that was cancelled" % db)
    tables_are_right(db, "loaded")
    got = db.query("select step, source, record_no, line_no, code, rule from penstock_rejects order by reject_id")
    equal([[str(cell) for cell in row] for row in got],
          [[row["step"], DATA + row["file"], row["record_no"], row["line_no"], row["code"], row["rule"]] for row in rejects], "%s: the rejects" % db)
    # A sensitive value is nowhere, that of a rejected record neither.
    kept = str(db.query("select message, violations, record from penstock_rejects where table_name = 'customers'"))
    check("seeblick.example" not in kept and "buero@" not in kept and "Seeblick" in kept, "%s: rejects of customers: %s" % (db, kept))
    # Once more: nothing is loaded twice.
    again = run(LOAD, db=db).json
    equal([again["written"], again["rejected"], again["skipped_by_reason"]], [0, 0, {"already_loaded": 59}], "%s: once more" % db)
    tables_are_right(db, "once more")


def mended(db):
    """The customer whose address is wrong is mended; the order that fell because of him, and its line, are run again."""
    (first,) = db.query("select min(reject_id), min(run_id) from penstock_rejects")
    sheet = tmp("mend-%s.csv" % db)
    done = penstock("rejects", "export", "--run", first[1], "--rule", "customers.email.type", sheet, db=db)
    equal(done.code, 0, "%s: %s" % (db, done.tail()))
    with open(sheet, encoding="utf-8") as file:
        text = file.read()
    check(text.count("***,2021-02-01") == 1, "%s: exported: %s" % (db, text))
    with open(sheet, "w", encoding="utf-8") as file:
        file.write(text.replace("***,2021-02-01", "info@seeblick.example,2021-02-01"))
    for arguments in (("--from", sheet), ("--run", first[1], "--rule", "customers.foreign-key(region+referred_by)"), ("--run", first[1], "--table", "orders"), ("--run", first[1], "--step", "lines_south")):
        done = penstock("rejects", "replay", *arguments, LOAD, "--json", db=db)
        check(done.code == 0 and done.json["written"] == 1, "%s: replay %s: %s" % (db, arguments, done.tail()))
    equal(db.value("select total from orders where region = 'south' and no = 1006 and customer_no = 3") and
          db.count("order_lines", "region = 'south' and order_no = 1006"), 1, "%s: the order that was mended" % db)


def same(left, right, code, what):
    for table in TABLES:
        done = penstock("compare", "env:LEFT#" + table, "env:RIGHT#" + table, env={"LEFT": left.connect, "RIGHT": right.connect})
        equal(done.code, code if table == "orders" else 0, "%s: compare %s: %s" % (what, table, done.tail()))


def backed_up(db, kind):
    folder = tmp("backups-" + kind)
    made = run(BACKUP, "--set", "folder=" + folder, db=db).json
    equal([(step["table"], step["written"]) for step in made["steps"]], [(table, len(expected(table))) for table in TABLES], "%s: backup" % db)
    backup = os.path.join(folder, made["run_id"])
    for arguments in (("verify", backup), ("verify", "--restore", backup), ("compare", backup, "env:PENSTOCK_DB")):
        done = penstock(*arguments, db=db)
        equal(done.code, 0, "%s: %s" % (db, done.tail()))
    # Into a database that is empty, of each kind.
    for other in databases():
        empty = newdb(other)
        run(RESTORE, "--set", "folder=" + folder, db=empty)
        tables_are_right(empty, "restored from " + kind)
        same(db, empty, 0, "%s and %s" % (db, empty))
    # After an accident, in place.
    db.execute("update orders set total = total + 1 where region = 'south' and no = 1007")
    done = penstock("compare", backup, "env:PENSTOCK_DB", db=db)
    equal(done.code, 6, "%s: compare after the accident: %s" % (db, done.tail()))
    same(db, empty, 6, "%s after the accident" % db)
    run(RESTORE, "--set", "folder=" + folder, "--set", "backup=" + made["run_id"], db=db)
    tables_are_right(db, "restored in place")


def looked_at():
    equal(penstock("validate", "--strict", LOAD, BACKUP, RESTORE, DICTIONARY).code, 0, "validate")
    done = penstock("test", LOAD)
    equal(done.code, 0, "its tests: " + done.tail())
    # The files that were written by hand are read as the dictionary has them, too.
    for table in TABLES:
        path = os.path.join(HERE, "expected", table + ".csv")
        done = penstock("compare", path, path, "--dictionary", DICTIONARY, "--table", table)
        equal(done.code, 0, "%s: %s" % (table, done.tail()))


def examples():
    looked_at()
    for kind in databases():
        db = newdb(kind)
        loaded(db)
        backed_up(db, kind)
        mended(db)
    print("%d rejects and %d tables, on %s" % (len(expected("rejects")), len(TABLES), ", ".join(databases())))


main(examples)
