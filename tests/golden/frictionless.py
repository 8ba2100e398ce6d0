"""tests/golden/frictionless holds packages in the form in which frictionless-py 5 and 4 and their `describe` write them; what is in them is ours.

The rows that come of their CSV files are compared with what Python's csv reads.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, equal, main, newdb, penstock, tmp

PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK
DESCRIPTORS = ["datapackage.json", "datapackage.yaml", "version4.json", "references.json", "version2.json"]


def value(text, field):
    if text in ("", "NA"):
        return None
    kind = field.get("type")
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text.replace(",", "."))
    if kind == "boolean":
        return int(text == "yes")  # of SQLite
    if kind == "datetime":
        return text.replace(" ", "T") + "Z"
    if field.get("format") == "%d.%m.%Y":
        return "-".join(reversed(text.split(".")))
    return text


def wanted(folder, name, fields):
    with open(os.path.join(folder, name + ".csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return [{field["name"]: value(row[field["name"]], field) for field in fields} for row in rows]


def refused(folder, schema, text):
    name = "refused.json"
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump({"resources": [{"name": "people", "schema": schema}]}, file)
    done = penstock("validate", name, cwd=folder, program=PROGRAM)
    equal(done.code, 2, "exit for schema " + schema)
    check(name + ":1:" in done.err + done.out and text in done.err + done.out, "for schema %s: %s" % (schema, done.tail()))


def test():
    folder = tmp("frictionless")
    shutil.copytree(TOP + "/tests/golden/frictionless", folder)
    done = penstock("validate", "--strict", *DESCRIPTORS, cwd=folder, program=PROGRAM)
    equal(done.code, 0, "validate --strict: " + done.tail())
    with open(os.path.join(folder, "datapackage.json"), encoding="utf-8") as file:
        package = json.load(file)
    rules = set()
    for descriptor in DESCRIPTORS:
        steps = [{"name": name, "source": {"type": "csv", "path": name + ".csv", "delimiter": ";"}, "rules": {"table": name},
                  "sink": {"type": "odbc", "connection": "db", "table": name, "create": True}} for name in ("people", "visits")]
        with open(os.path.join(folder, "pipeline.json"), "w", encoding="utf-8") as file:
            json.dump({"version": 1, "dictionary": descriptor, "connections": {"db": {"type": "odbc", "connect": "${PENSTOCK_DB}"}}, "steps": steps}, file)
        db = newdb("sqlite")
        done = penstock("run", "pipeline.json", db=db, cwd=folder, program=PROGRAM)
        equal(done.code, 0, descriptor + ": " + done.tail())
        for resource in package["resources"]:
            fields = resource["schema"]["fields"]
            rows = db.query("SELECT %s FROM %s ORDER BY rowid" % (", ".join('"%s"' % field["name"] for field in fields), resource["name"]))
            equal([tuple(row) for row in rows], [tuple(None if cell is None else str(cell) for cell in row.values()) for row in wanted(folder, resource["name"], fields)], descriptor + " " + resource["name"])
        done = penstock("rules", descriptor, cwd=folder, program=PROGRAM)
        rules.add(done.out)
    equal(len(rules), 1, "every way of writing them gives the same rules")

    refused(folder, "https://example.com/people.json", "nothing is fetched")
    refused(folder, "file:///etc/hosts", "nothing is fetched")
    for path in ("../frictionless/schemas/people.json", "/etc/hosts", "", "schemas/../../x", "a\\b", "out.json"):
        if path == "out.json":
            os.symlink("/etc/hosts", os.path.join(folder, path))
        refused(folder, path, "must be a path beneath the folder of the dictionary")
    refused(folder, "schemas/none.json", "schemas/none.json: cannot be opened")
    with open(os.path.join(folder, "broken.json"), "w", encoding="utf-8") as file:
        file.write('{"fields": [{"name": "id", "type": "integr"}]}')
    with open(os.path.join(folder, "names_it.json"), "w", encoding="utf-8") as file:
        json.dump({"resources": [{"name": "people", "schema": "broken.json"}]}, file)
    done = penstock("validate", "names_it.json", cwd=folder, program=PROGRAM)
    equal(done.code, 2, "a schema with a mistake")
    check('broken.json:1:36: unknown type "integr"' in done.err + done.out, "the place is that in the schema: " + done.tail())
    # Named from elsewhere, the folder is still that of the descriptor.
    done = penstock("validate", os.path.join(folder, "references.json"), cwd=tmp(), program=PROGRAM)
    equal(done.code, 0, "from another folder: " + done.tail())


main(test)
