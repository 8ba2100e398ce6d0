"""Dictionaries that were discovered validate and run: from one database into another, from Avro files of any program.

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import avro.datafile
import avro.io
import avro.schema
from backups import backup, every_files, every_pipelines, fresh
from harness import check, databases, equal, main, newdb, penstock, run, tmp

# What a person would write for these definitions.
SQL = {
    "sqlite": ["""create table shop ("region" varchar(20) not null, "no" integer not null, "Full name" varchar(100) unique, opened date, primary key ("region", "no"))""",
               """create table sale (id integer primary key, at timestamp not null, price decimal(9,2), paid boolean, photo blob, weight double precision,
                  "region" varchar(20), "no" integer, foreign key ("region", "no") references shop ("region", "no"))"""],
    "postgresql": ["""create table shop ("region" varchar(20) not null, "no" bigint not null, "Full name" varchar(100) unique, opened date, primary key ("region", "no"))""",
                   """create table sale (id bigint primary key, at timestamptz not null, price numeric(9,2), paid boolean, photo bytea, weight double precision,
                      "region" varchar(20), "no" bigint, foreign key ("region", "no") references shop ("region", "no"), doc jsonb, token uuid)"""],
    "mariadb": ["""create table shop ("region" varchar(20) not null, "no" bigint not null, "Full name" varchar(100) unique, opened date, primary key ("region", "no"))""",
                """create table sale (id bigint primary key, at datetime(6) not null, price decimal(9,2), paid boolean, photo blob, weight double,
                   "region" varchar(20), "no" bigint, foreign key ("region", "no") references shop ("region", "no"), doc json, token uuid)"""],
}
ROWS = ["""insert into shop values ('north', 1, 'The first: "one"', '2020-02-29'), ('', -9223372036854775808, null, null)""",
        """insert into sale (id, at, price, paid, weight, "region", "no") values (1, '2021-11-07T02:48:42Z', 9999999.99, true, 0.1, 'north', 1),
           (2, '1969-12-31T23:59:59.5Z', -0.05, false, null, '', -9223372036854775808), (3, '2021-11-07T02:48:42Z', null, null, null, null, null)"""]


def discover(*arguments, code=0, db=None):
    """The dictionary as JSON; the YAML is read back by penstock and by the database's own columns below."""
    done = penstock("discover", *arguments, "--json", db=db)
    equal(done.code, code, "discover %s: %s" % (" ".join(arguments), done.tail()))
    return done.json if code == 0 else done.err


def write(name, *arguments, db=None):
    """The dictionary as a file of YAML that validates without a warning."""
    done = penstock("discover", *arguments, db=db)
    equal(done.code, 0, "discover %s: %s" % (" ".join(arguments), done.tail()))
    path = tmp(name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(done.out)
    valid = penstock("validate", "--strict", path)
    equal(valid.code, 0, "%s validates: %s\n%s" % (name, valid.tail(), done.out))
    return path


def field(package, table, name):
    resource = [resource for resource in package["resources"] if resource["name"] == table][0]
    return [field for field in resource["schema"]["fields"] if field["name"] == name][0]


def shape(package, table):
    schema = [resource for resource in package["resources"] if resource["name"] == table][0]["schema"]
    return [(field["name"], field["type"]) for field in schema["fields"]]


def as_list(value):
    return [value] if isinstance(value, str) else value


def of_database(kind):
    db = newdb(kind)
    # MariaDB takes no Z, whatever the session's time zone is.
    db.execute(*SQL[kind], *(row.replace("Z'", "'") if kind == "mariadb" else row for row in ROWS))
    db.execute("create table penstock_runs (x integer)")
    place = "env:PENSTOCK_DB"
    package = discover("odbc", place, db=db)
    equal(sorted(resource["name"] for resource in package["resources"]), ["sale", "shop"], kind + ": tables")
    equal(shape(package, "shop"), [("region", "string"), ("no", "integer"), ("Full name", "string"), ("opened", "date" if kind != "sqlite" else
          dict(shape(package, "shop"))["opened"])], kind + ": the fields of shop")
    schema = {resource["name"]: resource["schema"] for resource in package["resources"]}
    equal(as_list(schema["shop"]["primaryKey"]), ["region", "no"], kind + ": the key of shop")
    equal(as_list(schema["sale"]["primaryKey"]), ["id"], kind + ": the key of sale")
    equal(len(schema["sale"]["foreignKeys"]), 1, kind + ": foreign keys of sale")
    foreign = schema["sale"]["foreignKeys"][0]
    equal((as_list(foreign["fields"]), foreign["reference"]["resource"], as_list(foreign["reference"]["fields"])),
          (["region", "no"], "shop", ["region", "no"]), kind + ": the foreign key")
    if kind != "sqlite":
        equal(shape(package, "sale"), [("id", "integer"), ("at", "datetime"), ("price", "number"), ("paid", "boolean"), ("photo", "string"),
              ("weight", "number"), ("region", "string"), ("no", "integer"), ("doc", "any" if kind == "postgresql" else "string"), ("token", "string")],
              kind + ": the fields of sale")  # JSON is another name for LONGTEXT in MariaDB, whose text goes back as it was
        price = field(package, "sale", "price")
        equal((price["precision"], price["scale"]), (9, 2), "a decimal")
        equal((field(package, "sale", "photo")["format"], field(package, "sale", "token")["format"]), ("binary", "uuid"), "formats")
        equal(field(package, "shop", "region")["constraints"]["maxLength"], 20, "a length")
    equal(field(package, "sale", "at")["constraints"]["required"], True, kind + ": not null")
    one = discover("odbc", place, "--table", "shop", db=db)
    equal([resource["name"] for resource in one["resources"]], ["shop"], "--table")
    check("shops" in discover("odbc", place, "--table", "shops", code=2, db=db), "a table that is not there is named")
    path = write(kind + ".yaml", "odbc", place, db=db)
    for other in databases():
        copied(db, path, other)
    print("%s: discovered and copied" % kind)


def unusual(kind):
    """Tables that are not like others: with system versioning, virtual ones, and those that others inherit from."""
    sql = {"sqlite": ["create virtual table found using fts5(words)", "insert into found values ('hello')"],
           "postgresql": ["create table found (id bigint primary key)", "create table heir (extra text) inherits (found)", "insert into found values (1)",
                          "insert into heir values (2, 'b')"],
           "mariadb": ["create table found (id bigint primary key) with system versioning", "insert into found values (1)"]}[kind]
    db = newdb(kind)
    db.execute(*sql)
    path = write("unusual.%s.yaml" % kind, "odbc", "env:PENSTOCK_DB", db=db)
    package = discover("odbc", "env:PENSTOCK_DB", db=db)
    equal({resource["name"]: [name for name, _ in shape(package, resource["name"])] for resource in package["resources"]},
          {"sqlite": {"found": ["words"]}, "postgresql": {"found": ["id"], "heir": ["id", "extra"]}, "mariadb": {"found": ["id"]}}[kind],
          kind + ": unusual tables")
    folder = tmp("unusual.%s" % kind)
    text = ("version: 1\nname: unusual\ndictionary: %s\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nsteps:\n"
            "  - for_each: { table: \"*\" }\n    source: { type: odbc, connection: db, table: \"${table}\" }\n    rules: { check: types, max_rejects: 0 }\n"
            "    sink: { type: avro, path: \"%s/${run.id}/${table}.avro\", manifest: true }\n" % (path, folder))
    with open(tmp("unusual.pipeline.yaml"), "w", encoding="utf-8") as file:
        file.write(text)
    done = run(tmp("unusual.pipeline.yaml"), db=db, code=2 if kind == "postgresql" else 0)
    check(kind != "postgresql" or "table public.heir inherits from table found" in done.err, "rows are not read twice: " + done.tail())
    check(done.code or done.json["written"] == 1, "%s: a backup of unusual tables: %s" % (kind, done.tail()))


def copied(db, dictionary, kind):
    """All rows go through the dictionary into another database."""
    target = newdb(kind)
    pipeline = tmp("copy.%s.%s.yaml" % (db.kind, kind))
    with open(pipeline, "w") as file:
        file.write("""version: 1
dictionary: %s
connections: { from: { type: odbc, connect: "${PENSTOCK_DB}" }, to: { type: odbc, connect: "${TARGET_DB}" } }
steps:
  - for_each: { table: "*" }
    name: "${table}"
    source: { type: odbc, connection: from, table: "${table}" }
    rules: { table: "${table}", max_rejects: 0 }
    sink: { type: odbc, connection: to, table: "${table}", create: true }
""" % dictionary)
    done = run(pipeline, db=db, env={"TARGET_DB": target.connect})
    equal((done.json["written"], done.json["rejected"]), (5, 0), "rows from %s into %s" % (db.kind, kind))
    same_rows = penstock("compare", "env:PENSTOCK_DB", "env:TARGET_DB", "--dictionary", dictionary, db=db, env={"TARGET_DB": target.connect})
    equal(same_rows.code, 0, "the copy: " + same_rows.tail())
    equal(target.query('select "region", "no", "Full name" from shop order by "no"'), [("", "-9223372036854775808", None),
          ("north", "1", 'The first: "one"')], "rows of the copy")


AVRO = {"type": "record", "name": "People", "fields": [
    {"name": "id", "type": "long"},
    {"name": "name", "type": ["null", "string"], "doc": "as written: \"so\""},
    {"name": "score", "type": ["double", "null"]},
    {"name": "alive", "type": "boolean"},
    {"name": "born", "type": {"type": "int", "logicalType": "date"}},
    {"name": "seen", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["RED", "no", "GREEN"]}},
    {"name": "tags", "type": {"type": "array", "items": "string"}},
    {"name": "raw", "type": "bytes"},
]}


def of_avro():
    path = tmp("people.2021.avro")
    utc = datetime.timezone.utc
    with open(path, "wb") as file:
        writer = avro.datafile.DataFileWriter(file, avro.io.DatumWriter(), avro.schema.parse(json.dumps(AVRO)))
        for id in range(1, 4):
            writer.append({"id": id, "name": None if id == 2 else "n%d" % id, "score": None if id == 3 else id / 4, "alive": id == 1,
                           "born": datetime.date(1969, 12, id), "seen": datetime.datetime(2021, 11, 7, 2, 48, 42, 500000, tzinfo=utc),
                           "colour": "no", "tags": ["a", "b"], "raw": bytes([0, 255, id])})
        writer.close()
    package = discover("avro", path)
    name = package["resources"][0]["name"]
    equal(shape(package, name), [("id", "integer"), ("name", "string"), ("score", "number"), ("alive", "boolean"), ("born", "date"),
          ("seen", "datetime"), ("colour", "string"), ("tags", "array"), ("raw", "string")], "the fields")
    equal((field(package, name, "colour")["constraints"]["enum"], field(package, name, "raw")["format"]), (["RED", "no", "GREEN"], "binary"), "what else")
    equal([bool(one.get("constraints", {}).get("required")) for one in package["resources"][0]["schema"]["fields"]],
          [True, False, False, True, True, False, True, True, True], "which are required")
    dictionary = write("avro.yaml", "avro", path)
    pipeline = tmp("load_avro.yaml")
    with open(pipeline, "w") as file:
        file.write("""version: 1
dictionary: %s
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
source: { type: avro, path: "%s" }
rules: { table: %s, max_rejects: 0 }
sink: { type: odbc, connection: db, table: people, create: true }
""" % (dictionary, path, name))
    for kind in databases():
        db = newdb(kind)
        run(pipeline, db=db)
        equal(db.query("select id, name, score, colour from people order by id"), [("1", "n1", "0.25", "no"), ("2", None, "0.5", "no"),
              ("3", "n3", None, "no")], "%s: rows" % kind)
        equal(penstock("compare", path, "env:PENSTOCK_DB#people", db=db).code, 0, kind + ": the file and the table are equal")


def of_backup():
    """A file of penstock gives the dictionary that it was written with."""
    folder = every_files(fresh("every"), 50)
    load, back, _ = every_pipelines(folder)
    db = newdb("sqlite")
    run(load, "--set", "folder=" + folder, db=db)
    saved = backup(db, fresh("saved"), pipeline=back)
    package = discover("avro", saved + "/every.avro")
    equal([resource["name"] for resource in package["resources"]], ["every"], "the table")
    equal(dict(shape(package, "every"))["month"], "yearmonth", "a type that Avro does not have")
    large = field(package, "every", "large")
    equal((large["precision"], large["scale"]), (38, 10), "a decimal")
    write("every.yaml", "avro", saved + "/every.avro")


def slips():
    for code, words, arguments in (
            (4, "x.csv", ("csv", "x.csv")), (2, "did you mean \"odbc\"", ("obdc", "env:PENSTOCK_DB")),
            (2, "--table chooses tables of a database", ("avro", "x.avro", "--table", "x")), (4, "x.avro", ("avro", "x.avro")),
            (2, "NOT_SET", ("odbc", "env:NOT_SET")), (2, "avro FILE | csv FILE | odbc CONNECTION is missing", ("avro",))):
        done = penstock("discover", *arguments)
        equal(done.code, code, "discover %s: %s" % (" ".join(arguments), done.tail()))
        check(words in done.err and not done.out, "%r in %s" % (words, done.tail()))
    # A database that does not exist is not made.
    db = newdb("sqlite")
    equal(penstock("discover", "odbc", "env:PENSTOCK_DB", db=db).code, 2, "a database without tables")
    check(not db.exists(), "no file was made")


def test():
    for kind in databases():
        of_database(kind)
        unusual(kind)
    of_avro()
    of_backup()
    slips()


main(test)
