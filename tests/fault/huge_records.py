"""usage: huge_records.py RECORDS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, databases, equal, main, newdb, peak, step_of, tmp

records = int(sys.argv[1])
CELLS = ("a", "b", "c")


def pipeline(limits):
    with open(tmp("dictionary.yaml"), "w") as file:
        file.write("name: huge\nresources:\n  - name: t\n    schema:\n      fields:\n        - { name: id, type: integer }\n%s      primaryKey: id\n" %
                   "".join("        - { name: %s, type: string }\n" % name for name in CELLS))
    with open(tmp("pipeline.yaml"), "w") as file:
        file.write("version: 1\nname: huge\ndictionary: dictionary.yaml\n%sconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
                   "steps:\n  - name: t\n    source: { type: csv, path: %s, header: false }\n    rules: { table: t }\n"
                   "    sink: { type: odbc, connection: db, table: t, mode: append, create: true }\n" % (limits, tmp("huge.csv")))
    return tmp("pipeline.yaml")


def plain(size, name):
    return name * size, size


def lines(size, name):
    """Quoted, over many lines."""
    text = '"' + (name * 99 + "\n") * ((size - 2) // 100) + '"'
    return text, len(text) - 2


def pairs(size, name):
    """Quoted, nothing but quotes: half as long in the database."""
    text = '"' + '""' * ((size - 2) // 2) + '"'
    return text, (len(text) - 2) // 2


def write(make, size, number):
    """The file: each record of three cells of size bytes. Gives the bytes that the cells hold in all, and of a record."""
    text, total = [], 0
    for name in CELLS:
        cell, length = make(size, name)
        text.append(cell)
        total += length
    row = ",".join(text)
    with open(tmp("huge.csv"), "w") as file:
        for n in range(number):
            file.write("%d,%s\n" % (n, row))
    return total * number, len(row)


def load(kind, path, what, number, total, most):
    db = newdb(kind)
    done, mib = peak(path, db=db)
    step = step_of(done.json, "t")
    equal([step["read"], step["written"], step["rejected"]], [number, number, 0], "%s: %s: books" % (kind, what))
    held = int(db.value("select sum(%s) from t" % " + ".join("length(%s)" % name for name in CELLS)))
    equal(held, total, "%s: %s: characters in the table" % (kind, what))
    print("%s: %s: %.1f MiB at most" % (kind, what, mib))
    check(mib <= most, "%s: %s: peak of %.1f MiB, wanted %.1f at most" % (kind, what, mib, most))
    if kind == "sqlite":
        os.unlink(db.path)


def test():
    for kind in databases():
        for make in (plain, lines, pairs):
            total, length = write(make, 1 << 20, records)
            load(kind, pipeline(""), "%d records of %.1f MiB, %s" % (records, length / (1 << 20), make.__name__), records, total, 64)
    # One batch of one record is on its way, which it holds twice; the file's window holds a quarter more than the limit, and
    # the driver and the database some copies.
    for number in (3, records // 4):
        total, length = write(lines, 10 << 20, number)
        most = 64 + 1.25 * 32 + 4 * length / (1 << 20)
        load("sqlite", pipeline("limits: { record: 32MiB, field: 16MiB }\n"), "%d records of %.1f MiB" % (number, length / (1 << 20)),
             number, total, most)


main(test)
