"""SPDX-License-Identifier: Apache-2.0"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import databases, equal, main, newdb, run, tmp

DICTIONARY = """
resources:
  - name: part
    schema: { fields: [{ name: id, type: integer }, { name: label, type: string }], primaryKey: id }
"""
PIPELINE = """
version: 1
name: twice
dictionary: two.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
state: db
steps:
"""
STEP = """  - name: %s
    source: { type: csv, path: "%s" }
    rules: { table: part }
    sink: { type: odbc, connection: db, table: %s, create: %s, commit: %s }
"""


def test():
    data = tmp("part.csv")
    with open(data, "w") as file:
        file.write("id,label\n" + "".join("%d,x\n" % number for number in range(1, 501)))
    with open(tmp("two.yaml"), "w") as file:
        file.write(DICTIONARY)
    for kind in databases():
        for made in (False, True):
            db = newdb(kind)
            if made:
                db.execute("create table one (id bigint primary key, label text)", "create table other (id bigint primary key, label text)")
            with open(tmp("two.pipeline.yaml"), "w") as file:
                file.write(PIPELINE + "".join(STEP % (name, data, name, "false" if made else "true", "step") for name in ("one", "other")))
            run(tmp("two.pipeline.yaml"), db=db)
            equal((db.count("one"), db.count("other")), (500, 500), "%s, tables %s" % (kind, "there" if made else "made"))


main(test)
