"""What a backup and a restore promise, held against databases that would round values.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import fresh
from harness import check, databases, equal, main, newdb, penstock, run

NUMBERS = """
resources:
  - name: amounts
    schema:
      fields: [{ name: id, type: integer }, { name: amount, type: number }]
      primaryKey: id
"""
COPY = """version: 1
dictionary: numbers.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: amounts
    source: { type: odbc, connection: db, %s }
    rules: { table: amounts, check: types, max_rejects: 0 }
    sink: { type: avro, path: "%s/${run.id}/amounts.avro", manifest: true }
"""


def pipeline(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as out:
        out.write(text)
    return path


def rounded(kind):
    """A number that is no double stops the backup, whichever way rows are read."""
    folder = fresh("rounded." + kind)
    pipeline(folder, "numbers.yaml", NUMBERS)
    ways = ["table: amounts", 'query: "select id, amount from amounts"']
    if kind == "sqlite":
        ways.append("table: amounts, read: fetch")
    types = {"sqlite": ["integer"], "postgresql": ["numeric", "bigint"], "mariadb": ["decimal(35,18)", "bigint"]}[kind]
    exact = {"integer": ["0", "-9007199254740991", "9007199254740992", "1000000000000000000"],
             "bigint": ["0", "-9007199254740991", "9007199254740992", "1000000000000000000"],
             "decimal(35,18)": ["0.1", "-0.000", "0.3", "-12345678901234.5", "100.00"],
             "numeric": ["0.1", "-0.000", "0.30000000000000004", "1e300", "-12345678901234.5", "100.00"]}
    other = {"integer": ["9007199254740993", "9223372036854775807"], "bigint": ["9007199254740993", "-9223372036854775808"],
             "decimal(35,18)": ["9007199254740993", "12345678901234567.890123456789", "0.10000000000000001"],
             "numeric": ["9007199254740993", "12345678901234567890.123456789", "0.10000000000000001", "5e-324", "1e-400"]}
    for type in types:
        for number, way in enumerate(ways):
            db = newdb(kind)
            db.execute("create table amounts (id %s primary key, amount %s)" % ("integer" if kind == "sqlite" else "bigint", type))
            file = pipeline(folder, "copy.%s.%d.yaml" % (type, number), COPY % (way, folder))
            for id, value in enumerate(exact[type]):
                db.execute("insert into amounts values (%d, %s)" % (id, value))
            done = run(file, db=db)
            equal(done.json["written"], len(exact[type]), "%s, %s: rows" % (type, way))
            for value in other[type]:
                db.execute("delete from amounts", "insert into amounts values (1, %s)" % value)
                done = run(file, db=db, code=3)
                equal(done.json["steps"][0]["rejects_by_rule"], {"amounts.amount.type": 1}, "%s, %s: %s" % (type, way, value))
    if kind == "postgresql":
        db = newdb(kind)
        db.execute("create table amounts (id bigint primary key, amount real)", "insert into amounts values (1, 0.1), (2, 16777216)")
        for way in ways:
            run(pipeline(folder, "real.yaml", COPY % (way, folder)), db=db)
    print("%s: rounded" % kind)


LOAD = """version: 1
dictionary: numbers.yaml
params: { file: { default: x.csv } }
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: amounts
    source: { type: csv, path: "${params.file}" }
    rules: { table: amounts }
    sink: { type: odbc, connection: db, table: amounts, create: true }
"""
BACK = """version: 1
dictionary: numbers.yaml
params: { backup: { default: latest } }
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: "${table}"
    for_each: { table: "*" }
    source: { type: avro, folder: "%s", backup: "${params.backup}", table: "${table}" }
    rules: { table: "${table}", check: types }
    sink: { type: odbc, connection: db, table: "${table}", mode: replace }
"""


def loaded_since(kind):
    """A restore brings back an earlier time: what was loaded since can be loaded again, and what was loaded before is not."""
    folder = fresh("since." + kind)
    pipeline(folder, "numbers.yaml", NUMBERS)
    first, second = pipeline(folder, "d1.csv", "id,amount\n1,0.5\n"), pipeline(folder, "d2.csv", "id,amount\n2,1.5\n")
    load, back = pipeline(folder, "load.yaml", LOAD), pipeline(folder, "back.yaml", BACK % (folder + "/kept"))
    db = newdb(kind)
    run(load, "--set", "file=" + first, db=db)
    run(pipeline(folder, "copy.yaml", COPY % ("table: amounts", folder + "/kept")), db=db)
    run(load, "--set", "file=" + second, db=db)
    equal(db.count("amounts"), 2, "rows before")
    done = run(back, db=db)
    equal(db.count("amounts"), 1, "rows after the restore")
    check("loaded again" in done.err, "what is forgotten is said: " + done.err)
    equal(run(load, "--set", "file=" + first, db=db).json["skipped_by_reason"], {"already_loaded": 1}, "the file that is in the backup")
    equal(run(load, "--set", "file=" + second, db=db).json["written"], 1, "the file that is not")
    equal(db.query("select id from amounts order by id"), [("1",), ("2",)], "rows at last")
    print("%s: loaded since" % kind)


def discovered(kind):
    """What a discovered dictionary has backed up goes back into its own database."""
    db, folder = newdb(kind), fresh("discovered." + kind)
    # NUMERIC alone is DECIMAL(10,0) in MariaDB, and JSON another name for LONGTEXT.
    db.execute("create table doc (id bigint primary key, amount numeric%s, body json)" % ("(38,10)" if kind == "mariadb" else ""),
               """insert into doc values (1, 0.5, '{"a": [1, null]}'), (2, -12345678901.25, '"x"'), (3, null, null)""")
    done = penstock("discover", "odbc", "env:PENSTOCK_DB", db=db)
    equal(done.code, 0, done.tail())
    pipeline(folder, "found.yaml", done.out)
    check("any" in done.out or kind == "mariadb", "JSON is of any type: " + done.out)
    copy = COPY.replace("numbers.yaml", "found.yaml").replace("amounts", "doc") % ("table: doc", folder + "/kept")
    before = db.query("select id, amount, body from doc order by id")
    run(pipeline(folder, "copy.yaml", copy), db=db)
    db.execute("delete from doc")
    run(pipeline(folder, "back.yaml", BACK.replace("numbers.yaml", "found.yaml") % (folder + "/kept")), db=db)
    after = db.query("select id, amount, body from doc order by id")
    equal([(row[0], row[1] and float(row[1]), row[2] and json.loads(row[2])) for row in after],
          [(row[0], row[1] and float(row[1]), row[2] and json.loads(row[2])) for row in before], kind + ": rows")
    print("%s: discovered" % kind)


def schemas():
    """Tables that no step reads are looked for in the schema that is backed up."""
    db, folder = newdb("postgresql"), fresh("schemas")
    pipeline(folder, "numbers.yaml", NUMBERS)
    db.execute("create schema sales", "create table sales.amounts (id bigint primary key, amount double precision)", "create table elsewhere (id int)")
    text = COPY.replace("name: amounts", 'name: "${table}"\n    for_each: { table: "*" }').replace("rules: { table: amounts", 'rules: { table: "${table}"')
    file = pipeline(folder, "all.yaml", text.replace("amounts.avro", "${table}.avro") % ('table: "sales.${table}"', folder))
    run(file, db=db)
    db.execute("create table sales.forgotten (id int)")
    done = run(file, db=db, code=2)
    check("forgotten" in done.err and "elsewhere" not in done.err, "the table is named: " + done.err)
    print("schemas")


def test():
    if "postgresql" in databases():
        schemas()
    for kind in databases():
        discovered(kind)
        loaded_since(kind)
        rounded(kind)


main(test)
