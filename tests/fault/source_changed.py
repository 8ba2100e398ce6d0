"""SPDX-License-Identifier: Apache-2.0"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import TOP, check, databases, equal, hr_data, hr_pipeline, interrupt, main, newdb, penstock, run, skipped, step_of, tmp, until_done

ROWS = 3000
CSV = "hired_employees.csv"


def half_loaded(kind, pipeline, data, total):
    """A database in which a load in pieces died on its way through the large table."""
    for part in (0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.85, 0.9, 0.95):
        db = newdb(kind)
        interrupt(db, [pipeline, "--set", "data=" + data], part)
        rows = db.count("hired_employees")
        if 0 < rows < total:
            return db, rows
    raise AssertionError("no interruption left a part of the table")


def refused(db, arguments, names, what):
    before = compare.snapshot(db)
    for _ in range(2):
        done = until_done(*arguments, db=db, code=2)
        check("--restart" in done.err, "%s: the message names --restart: %s" % (what, done.err))
        for name in names:
            check(name in done.err, "%s: the message names %s: %s" % (what, name, done.err))
        equal(compare.snapshot(db), before, "%s: rows and rejects" % what)


def change(data, how):
    path = os.path.join(data, CSV)
    with open(path, "rb") as file:
        content = file.read()
    if how == "cut":
        content = content[:200]
    elif how == "one byte":
        at = content.index(b",") + 1
        content = content[:at] + b"Z" + content[at + 1:]
    elif how == "a line less":
        content = content[content.index(b"\n") + 1:]
    elif how == "empty":
        content = b""
    with open(path, "wb") as file:
        file.write(content)


def test():
    original = hr_data(tmp("original"), ROWS, 9)
    total = oracle.folder(original)["hired_employees"].books.written
    pipeline = hr_pipeline(tmp("load.yaml"), "{ rows: 300 }")
    for kind in databases():
        data = tmp("data." + kind)
        shutil.copytree(original, data)
        tables = oracle.folder(data)
        arguments = [pipeline, "--set", "data=" + data]

        # Bytes before the position are others: refused. Put back: it goes on as if nothing had been.
        db, rows = half_loaded(kind, pipeline, data, total)
        for how in ("cut", "one byte", "a line less", "empty"):
            change(data, how)
            refused(db, arguments, [CSV], "%s, %s" % (kind, how))
            shutil.copy(os.path.join(original, CSV), data)
        done = until_done(*arguments, db=db)
        step = step_of(done.json, "hired_employees")
        check(skipped(step).get("already_committed", 0) > 0, "a resumed step counts what was committed: %s" % step)
        equal(step["read"], ROWS, "a resumed step reads all")
        compare.everything(db, tables)

        # The source is gone: exit 4. Back again: done.
        db, rows = half_loaded(kind, pipeline, data, total)
        os.unlink(os.path.join(data, CSV))
        before = compare.snapshot(db)
        done = until_done(*arguments, db=db, code=4)
        check(CSV in done.err, "the message names the file: " + done.err)
        equal(compare.snapshot(db), before, "rows and rejects without a source")
        shutil.copy(os.path.join(original, CSV), data)

        # Only bytes behind the position are others: it goes on with what is there now.
        with open(os.path.join(data, CSV), "a") as file:
            file.write("%d,Late Comer,2021-01-01T00:00:00Z,1,1\nx,y,z,1,1\n" % (ROWS + 1))
        until_done(*arguments, db=db)
        compare.everything(db, oracle.folder(data))
        shutil.copy(os.path.join(original, CSV), data)

        # The step is another one, or its dictionary is.
        db, rows = half_loaded(kind, pipeline, data, total)
        with open(pipeline) as file:
            text = file.read()
        other = tmp("other.yaml")
        with open(other, "w") as file:
            file.write(text.replace("hired_employees.csv\", header: false", "hired_employees.csv\", header: false, trim: true"))
        refused(db, [other, "--set", "data=" + data], ["hired_employees"], kind + ", another step")
        with open(TOP + "/examples/hr/datapackage.yaml") as file:
            dictionary = file.read()
        with open(tmp("narrow.yaml"), "w") as file:
            file.write(dictionary.replace("first and last name, constraints: { required: true, maxLength: 255 }", "first and last name, constraints: { required: true, maxLength: 25 }"))
        with open(other, "w") as file:
            file.write(text.replace(TOP + "/examples/hr/datapackage.yaml", tmp("narrow.yaml")))
        refused(db, [other, "--set", "data=" + data], ["hired_employees"], kind + ", another dictionary")

        # --restart goes through the changed file; what is there already comes back as rejects of its key.
        change(data, "one byte")
        refused(db, arguments, [CSV], kind + ", before --restart")
        there = {int(row[0]) for row in db.query("select id from hired_employees")}
        done = until_done(*arguments, "--step", "hired_employees", "--restart", db=db)
        again = oracle.judge("hired_employees", os.path.join(data, CSV), oracle.folder(data), existing=there)
        step = step_of(done.json, "hired_employees")
        equal([step["read"], step["written"], step["rejected"]], [again.books.read, again.books.written, again.books.rejected], kind + ": books of the restart")
        equal({int(row[0]) for row in db.query("select id from hired_employees")}, there | set(again.rows), kind + ": rows after the restart")
        shutil.copy(os.path.join(original, CSV), data)
        print("%s: refused and gone on with; %d of %d rows were there when it was restarted" % (kind, rows, total))


main(test)
