"""Backups from outside: Avro files read and written by Python's avro package, data of every type, pipelines that back up and restore.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import hashlib
import json
import os
import random

from harness import TOP, equal, fail, run, skip, tmp

BACKUP = TOP + "/pipelines/backup.yaml"
RESTORE = TOP + "/pipelines/restore.yaml"
MIGRATE = TOP + "/pipelines/migrate.yaml"
HR = ("departments", "jobs", "hired_employees")

try:
    import avro.datafile
    import avro.io
    import avro.schema
except ImportError:
    skip("Python's avro package is not here (apt-get install python3-avro)")


def read_avro(path):
    """(schema as JSON, codec, rows as dicts) of a file, by Python's avro."""
    with open(path, "rb") as file:
        reader = avro.datafile.DataFileReader(file, avro.io.DatumReader())
        rows = list(reader)
        schema, codec = json.loads(reader.get_meta("avro.schema")), reader.codec
        reader.close()
    return schema, codec, rows


def rewrite_avro(path, change):
    """Writes the file anew with its own schema, codec and metadata, its rows changed by change(rows)."""
    with open(path, "rb") as file:
        reader = avro.datafile.DataFileReader(file, avro.io.DatumReader())
        rows = list(reader)
        schema, meta = reader.get_meta("avro.schema").decode(), dict(reader.meta)
        codec = reader.codec
        reader.close()
    with open(path, "wb") as file:
        writer = avro.datafile.DataFileWriter(file, avro.io.DatumWriter(), avro.schema.parse(schema), codec=codec)
        for key, value in meta.items():
            if not key.startswith("avro."):
                writer.set_meta(key, value)
        for row in change(rows):
            writer.append(row)
        writer.close()


def backup(db, folder, code=0, pipeline=BACKUP, **named):
    """Runs the backup; gives its folder (None where it failed)."""
    done = run(pipeline, "--set", "folder=" + folder, db=db, code=code, **named)
    return os.path.join(folder, done.json["run_id"]) if done.code == 0 else None


def manifest(folder):
    """The manifest of a backup, its checksum and those of its files verified."""
    with open(os.path.join(folder, "manifest.json"), "rb") as file:
        data = file.read()
    with open(os.path.join(folder, "manifest.json.sha256")) as file:
        equal(file.read().split()[0], hashlib.sha256(data).hexdigest(), "the checksum beside the manifest")
    out = json.loads(data)
    for table in out["tables"]:
        with open(os.path.join(folder, table["file"]), "rb") as file:
            content = file.read()
        equal(len(content), table["size"], "size of " + table["file"])
        equal(hashlib.sha256(content).hexdigest(), table["sha256"], "SHA-256 of " + table["file"])
    return out


# --- every type -----------------------------------------------------------------------------------
# Missing is the word NULL, so that an empty text is an empty text.
EVERY = """
name: every
missingValues: ["NULL"]
resources:
  - name: parent
    schema:
      missingValues: ["NULL"]
      fields:
        - { name: region, type: string, constraints: { maxLength: 20 } }
        - { name: code, type: integer }
        - { name: note, type: string }
      primaryKey: [region, code]
  - name: every
    schema:
      missingValues: ["NULL"]
      fields:
        - { name: id, type: integer }
        - { name: text, type: string }
        - { name: whole, type: integer }
        - { name: real, type: number }
        - { name: small, type: number, precision: 9, scale: 2 }
        - { name: large, type: number, precision: 38, scale: 10 }
        - { name: flag, type: boolean }
        - { name: day, type: date }
        - { name: clock, type: time }
        - { name: moment, type: datetime }
        - { name: year, type: year }
        - { name: month, type: yearmonth }
        - { name: span, type: duration }
        - { name: token, type: string, format: uuid }
        - { name: bytes, type: string, format: binary }
        - { name: thing, type: object }
        - { name: list, type: array }
        - { name: region, type: string, constraints: { maxLength: 20 } }
        - { name: code, type: integer }
      primaryKey: id
      foreignKeys: [{ fields: [region, code], reference: { resource: parent, fields: [region, code] } }]
"""
FIELDS = ("id", "text", "whole", "real", "small", "large", "flag", "day", "clock", "moment", "year", "month", "span", "token", "bytes",
          "thing", "list", "region", "code")
TEXTS = ("", " ", "plain", "two words", "quote \" and comma, and\nline", "\u00e4\u00f6\u00fc", "\U0001F600\U00010348 four bytes", "\u0627\u0644", "NULLs",
         "back\\slash", "x" * 3000, "'; drop table every; --", "\t tab")


def every_row(number, dice, regions):
    some = lambda value: "NULL" if dice.random() < 0.08 else value  # noqa: E731
    day = "%04d-%02d-%02d" % (dice.choice((1, 999, 1582, 1899, 1969, 1970, 2000, 2024, 9999)), dice.randint(1, 12), dice.randint(1, 28))
    clock = "%02d:%02d:%02d" % (dice.randint(0, 23), dice.randint(0, 59), dice.randint(0, 59))
    if dice.random() < 0.5:
        clock += ".%06d" % dice.choice((1, 999999, dice.randint(1, 999999)))
    region, code = dice.choice(regions)
    if dice.random() < 0.08:
        region = code = "NULL"
    return (number, some(dice.choice(TEXTS)),
            some(dice.choice((0, -1, 2**63 - 1, -2**63, dice.randint(-2**53, 2**53)))),
            some(dice.choice((0.0, 0.1, -2.5e-300, 1.7976931348623157e308, 5e-324, dice.uniform(-1e6, 1e6)))),
            some("%d.%02d" % (dice.randint(-9999999, 9999999), dice.randint(0, 99))),
            some(dice.choice(("9999999999999999999999999999.9999999999", "-0.0000000001", "1234567890123456.7891", "0", "-5"))),
            some(dice.choice(("true", "false"))), some(day), some(clock), some("%sT%sZ" % (day, clock)),
            some("%04d" % dice.choice((1, 1969, 2024, 9999))), some("%04d-%02d" % (dice.randint(1, 9999), dice.randint(1, 12))),
            some(dice.choice(("P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "PT0.5S"))),
            some("%08x-%04x-4%03x-8%03x-%012x" % tuple(dice.getrandbits(n) for n in (32, 16, 12, 12, 48))),
            some(base64.b64encode(bytes(dice.getrandbits(8) for _ in range(dice.choice((0, 1, 17, 300))))).decode()),
            some(json.dumps({"b": dice.randint(0, 9), "a": [None, True, "\u20ac"]})), some(json.dumps([1, {"x": "y"}, dice.randint(0, 9)])),
            region, code)


def every_files(folder, rows, seed=1):
    """parent.csv and every.csv with rows rows, and their dictionary; the same for the same seed."""
    dice = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    regions = [(region, code) for region in ("north", "", "s\u00fcd", "\U0001F30D") for code in (1, -7, 2**63 - 1)]
    with open(folder + "/parent.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("region", "code", "note"))
        for at, (region, code) in enumerate(regions):
            out.writerow((region, code, TEXTS[at % len(TEXTS)]))
    with open(folder + "/every.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(FIELDS)
        for number in range(1, rows + 1):
            # Keys at both ends of what 64 bits hold.
            out.writerow(every_row(number if number > 2 else (-2**63, 2**63 - 1)[number - 1], dice, regions))
    with open(folder + "/datapackage.yaml", "w") as file:
        file.write(EVERY)
    return folder


def every_pipelines(folder):
    """Load, backup and restore of the tables in folder, as files in it; each takes its database from PENSTOCK_DB."""
    head = "version: 1\nname: %s\ndictionary: datapackage.yaml\nparams: { folder: { default: none }, table: { default: '*' }, backup: { default: latest } }\n" \
           "connections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nstate: db\nsteps:\n  - for_each: { table: \"%s\" }\n"
    with open(folder + "/load.yaml", "w") as file:
        file.write(head % ("load", "*") + """    name: "${table}"
    source: { type: csv, path: "${params.folder}/${table}.csv" }
    rules: { table: "${table}", max_rejects: 0 }
    sink: { type: odbc, connection: db, table: "${table}", create: true }
""")
    for name, tables, source in (("backup", "*", BACKUP), ("restore", "${params.table}", RESTORE)):
        with open(source) as file:
            steps = file.read().split("\nsteps:\n")[1]
        with open(folder + "/" + name + ".yaml", "w") as file:
            file.write((head % (name, tables)).split("  - for_each")[0] + steps)
    return folder + "/load.yaml", folder + "/backup.yaml", folder + "/restore.yaml"


def drop(db, *tables):
    """Children first; with them everything that penstock remembers."""
    for table in tables:
        db.execute('drop table if exists "%s"' % table)
    for table in db.tables():
        if table.startswith("penstock_"):
            db.execute('drop table "%s"' % table)


def content(db, *tables):
    """Rows of tables as other tools see them."""
    import dbdump
    return {table: dbdump.table_rows(db, table) for table in tables}


def same(got, wanted, what):
    for table in wanted:
        equal(got[table][0], wanted[table][0], "%s: columns of %s" % (what, table))
        if got[table][1] != wanted[table][1]:
            missing = [row for row in wanted[table][1] if row not in set(got[table][1])][:2]
            extra = [row for row in got[table][1] if row not in set(wanted[table][1])][:2]
            fail("%s: table %s: %d rows, wanted %d; missing %r; not wanted %r" %
                 (what, table, len(got[table][1]), len(wanted[table][1]), missing, extra))


def leftovers(folder):
    """Files of temporary names anywhere below folder."""
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if ".tmp" in name or name.startswith(".")]


def fresh(name):
    path = tmp(name)
    os.makedirs(path, exist_ok=True)
    return path
