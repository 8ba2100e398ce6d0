"""usage: wide.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import databases, equal, main, newdb, peak, step_of, tmp, check

rows = int(sys.argv[1])
# PostgreSQL's tables have at most 1600 columns, of which large rows hold fewer; SQLite's have 2000.
COLUMNS = (1, 2, 100, 400, 1000)
# Half of the columns are texts. MariaDB's InnoDB wants all numbers, and the pointers to all texts, in half a page: so many columns only without texts.
NUMBERS = 900
MOST = {"mariadb": 400}


def cell(row, column):
    return str((row * 31 + column * 7) % 1000) if (row + column) % 11 else ""


def test():
    for columns in COLUMNS + ((NUMBERS,) if "mariadb" in databases() else ()):
        names = ["c%d" % at for at in range(columns)]
        with open(tmp("dictionary.yaml"), "w") as file:
            file.write("resources:\n  - name: t\n    schema:\n      fields:\n        - { name: id, type: integer }\n")
            for at, name in enumerate(names):
                file.write("        - { name: %s, type: %s }\n" % (name, "integer" if at % 2 or columns == NUMBERS else "string"))
            file.write("      primaryKey: id\n")
        with open(tmp("t.csv"), "w") as file:
            for row in range(rows):
                file.write(",".join([str(row)] + [cell(row, at) for at in range(columns)]) + "\n")
                if row == rows // 2:
                    # One among good ones that a batch has to be taken apart for.
                    file.write("x," + ",".join([""] * columns) + "\n")
                    file.write(",".join([str(row)] + [cell(row, at) for at in range(columns)]) + "\n")
        with open(tmp("pipeline.yaml"), "w") as file:
            file.write("version: 1\nname: wide\ndictionary: dictionary.yaml\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\n"
                       "steps:\n  - name: t\n    source: { type: csv, path: %s, header: false }\n    rules: { table: t }\n"
                       "    sink: { type: odbc, connection: db, table: t, create: true }\n" % tmp("t.csv"))
        wanted = sorted(tuple([str(row)] + [cell(row, at) or None for at in range(columns)]) for row in range(rows))
        for kind in databases():
            if columns > MOST.get(kind, columns) if columns != NUMBERS else kind != "mariadb":
                continue
            db = newdb(kind)
            done, most = peak(tmp("pipeline.yaml"), db=db)
            step = step_of(done.json, "t")
            equal([step["read"], step["written"], step["rejected"]], [rows + 2, rows, 2], "%s, %d columns: books" % (kind, columns))
            got = sorted(dbdump.table_rows(db, "t", ["id"] + names)[1])
            check(got == wanted, "%s, %d columns: the rows differ" % (kind, columns))
            check(most <= 64, "%s, %d columns: peak of %.1f MiB" % (kind, columns, most))
    print("%s columns, %d rows each" % (", ".join(map(str, COLUMNS)), rows))


main(test)
