"""Both ways of reading what has no key: a cursor of the server, over the connection that the driver makes, and through the driver itself (a shim keeps
penstock from that connection).

usage: whole_results.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import build_shim, check, equal, main, newdb, peak, penstock, run, step_of, tmp

ROWS = int(sys.argv[1])
WIDTH = 500
# More than the first look takes, and what it takes to the row.
COUNTS = (0, 1, 2000, 2001, 5000)
DICTIONARY = {"name": "bag", "resources": [{"name": "bag", "schema": {"fields": [{"name": "n", "type": "integer"}, {"name": "filler", "type": "string"}]}}]}


def pipeline(source, memory=None):
    path = tmp("bag.yaml")
    with open(path, "w") as out:
        out.write("version: 1\nname: bag\ndictionary: bag.json\n%sconnections:\n  from: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
                  "  to: { type: odbc, connect: \"Driver=SQLite3;Database=%s\" }\nsteps:\n  - name: bag\n    source: { type: odbc, connection: from, %s }\n"
                  "    rules: { table: bag }\n    sink: { type: odbc, connection: to, table: bag, create: true }\n" %
                  ("limits: { memory: %s }\n" % memory if memory else "", to.path, source))
    return path


def fill(db, count):
    db.execute('delete from bag', "insert into bag select seq, repeat('x', %d) from seq_1_to_%d" % (WIDTH, count) if count else "do 0")
    if os.path.exists(to.path):
        os.unlink(to.path)


to = newdb("sqlite")


def test():
    with open(tmp("bag.json"), "w") as out:
        json.dump(DICTIONARY, out)
    db = newdb("mariadb")
    db.execute("create table bag (n bigint, filler longtext)")
    sources = ("table: bag", 'query: "select n, filler from bag order by n desc"')
    driver = build_shim("shim_libmariadb")
    for preload in (None, driver):
        for source in sources:
            for count in COUNTS:
                fill(db, count)
                done = run(pipeline(source), db=db, cwd=tmp(), preload=preload)
                equal(step_of(done.json, "bag")["written"], count, "%s: rows" % source)
                equal(to.query("select count(*), coalesce(sum(n), 0), count(distinct n) from bag"), [(str(count), str(count * (count + 1) // 2), str(count))], source)
                if count and source.startswith("query"):
                    equal(to.value("select n from bag order by rowid limit 1"), str(count), "the order of the query")
    for source, words in zip(sources, ("unique key", "let it give less")):
        # Through the driver, more than there is room for: nothing is written, and the message says what to do.
        fill(db, ROWS)
        done = penstock("run", pipeline(source, "16MiB"), "--json", db=db, cwd=tmp(), preload=driver)
        equal(done.code, 2, "%s: %s" % (source, done.tail()))
        check("limits.memory (16 MiB)" in done.err and words in done.err and "MariaDB" in done.err, done.err)
        equal(to.count("bag"), 0, "%s: nothing was written" % source)
        done = run(pipeline(source), db=db, cwd=tmp(), preload=driver)
        equal(step_of(done.json, "bag")["written"], ROWS, "%s: with the usual limit" % source)
        # By the cursor any number comes in the same memory.
        peaks = []
        for rows in (ROWS, 4 * ROWS):
            fill(db, rows)
            done, mebibytes = peak(pipeline(source, "16MiB"), db=db, cwd=tmp())
            equal(step_of(done.json, "bag")["written"], rows, "%s: by a cursor" % source)
            peaks.append(mebibytes)
        print("%s: through the driver %d rows are refused with 16 MiB; by a cursor they take %.1f MiB, and %d rows %.1f" % (source, ROWS, peaks[0], 4 * ROWS, peaks[1]))
        check(peaks[1] <= min(64, 1.2 * peaks[0]), "memory grows with the rows: %s" % peaks)
    # Rows of a megabyte are asked for one by one.
    db.execute("delete from bag", "insert into bag select seq, repeat('y', 1000000) from seq_1_to_100")
    os.unlink(to.path)
    done, mebibytes = peak(pipeline("table: bag"), db=db, cwd=tmp())
    equal(to.query("select count(*), min(length(filler)), max(length(filler)) from bag"), [("100", "1000000", "1000000")], "long rows")
    print("rows of a megabyte: %.1f MiB" % mebibytes)


main(test)
