"""Files that people and machines have spoilt: N dictionaries and N pipeline files, mutated from those of the tests and the examples.

Half are changed in their bytes, half in their values. Under sanitizers where there is such a build, 100 files a process.
SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import random
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, main, penstock, tmp

FILES = int(sys.argv[1])
PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK
BATCH = 100
BYTES = [b"", b"\0", b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\r", b"\t", b"'", b'"', b"{", b"}", b"[", b"]", b":", b"- ", b"#", b"&a ", b"*a", b"!!int ",
         b"? ", b"|\n", b">-\n", b"%", b"@", b"`", b"---\n", b"...\n", b"<<: ", b"null", b"~", b"9" * 40, b"-1", b"1e999", b"A" * 300, b"${", b"${params.", b"$${", b"\\u0000"]
PLAIN = [None, True, False, 0, -1, 1, 10 ** 30, 1.5, "", "x", "a" * 5000, "\u2028", "[", "${", [], {}, [[]], [None], {"": ""}, {"a": {}}]
OF_FIELDS = ["string", "integer", "number", "boolean", "date", "time", "datetime", "year", "yearmonth", "duration", "object", "array", "any", "geopoint", "list", "default", "email", "uri",
             "uuid", "binary", "%Y-%m-%d", "%d.%m.%y %H:%M", "%", "%Q", "fmt:%Y", "(", "a{1,", "(?i)a", "[[:x:]]", "(a+)+$", "\\", "P1Y", "2021-02-29", "24:00:00", ",", ".", "1,5", "Europe/Berlin",
             "Nowhere/Land", "schema.json", "../x", "https://x", "*"]
KEYS = ["name", "type", "format", "constraints", "required", "unique", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "pattern", "enum", "missingValues", "trueValues", "falseValues",
        "decimalChar", "groupChar", "bareNumber", "precision", "scale", "timezone", "sensitive", "primaryKey", "uniqueKeys", "foreignKeys", "reference", "resource", "fields", "schema", "resources",
        "title", "description", "requierd", "categories"]


def places(value, where=()):
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield where, key
            yield from places(value[key], where + (key,))


def change_values(document, chance):
    for _ in range(chance.choice([1, 1, 2, 4])):
        found = list(places(document))
        if not found:
            return
        where, key = chance.choice(found)
        container = document
        for step in where:
            container = container[step]
        kind = chance.randrange(6)
        if kind == 0:
            del container[key]
        elif kind == 1 and isinstance(container, dict):
            container[chance.choice(KEYS)] = container.pop(key)
        elif kind == 2 and isinstance(container[key], dict):
            container[key][chance.choice(KEYS)] = chance.choice(PLAIN + OF_FIELDS)
        elif kind == 3 and isinstance(container, list):
            container.extend(json.loads(json.dumps(container)) * chance.choice([1, 1, 1, 20]))
        elif kind == 4:
            container[key] = [container[key]]
        else:
            container[key] = chance.choice(PLAIN + OF_FIELDS)
    return


def change_bytes(data, chance):
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            data = data[:at] + chance.choice(BYTES) + data[at:]
        elif kind == 1:
            data = data[:at] + data[at + chance.randrange(1, 40):]
        elif kind == 2 and data:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1:]
        elif kind == 3:
            piece = data[at:at + chance.randrange(1, 200)]
            other = chance.randrange(len(data) + 1)
            data = data[:other] + piece * chance.choice([1, 1, 2, 30]) + data[other:]
        else:
            data = data[:at]
    return data[:60000]


def bases():
    """(folder, name, bytes, whether it is a dictionary) of all YAML and JSON files that are meant for penstock."""
    for part in ("pipelines", "pipelines/reports", "examples/hr", "examples/pull", "examples/nginx", "tests/golden/validate", "tests/golden/config", "tests/golden/frictionless",
                 "tests/golden/cases/*"):
        for path in sorted(glob.glob(os.path.join(TOP, part, "*"))):
            if not re.search(r"\.(ya?ml|json)$", path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            if len(data) < 20000 and (b"resources" in data or b"version" in data) and not os.path.basename(path) == "case.json":
                yield path, data, b"resources" in data


def as_document(path, data):
    try:
        return json.loads(data)
    except ValueError:
        pass
    done = penstock("schema", "jsonschema", path)  # a dictionary in YAML has no reader here: its fields by another way
    if done.code != 0:
        return None
    tables = json.loads(done.out).get("$defs", {})
    return {"resources": [{"name": name, "schema": {"fields": [{"name": field} for field in table["properties"]]}} for name, table in tables.items()]}


def test():
    folder = tmp("mutated")
    os.mkdir(folder)
    for part in ("examples/hr", "tests/golden/validate", "tests/golden/frictionless"):
        for path in glob.glob(os.path.join(TOP, part, "*.*")):
            shutil.copy(path, folder)
    shutil.copytree(TOP + "/tests/golden/frictionless/schemas", folder + "/schemas")
    chance = random.Random(600)
    found = list(bases())
    kinds = {True: [base for base in found if base[2]], False: [base for base in found if not base[2]]}
    check(len(kinds[True]) > 30 and len(kinds[False]) > 30, "there are %d dictionaries and %d pipelines to begin with" % (len(kinds[True]), len(kinds[False])))
    documents = [document for document in (as_document(path, data) for path, data, _ in kinds[True][:60]) if document]
    names = []
    for number in range(2 * FILES):
        is_dictionary = number % 2 == 0
        name = "m%06d" % number
        if is_dictionary and chance.random() < 0.5:
            document = json.loads(json.dumps(chance.choice(documents)))
            change_values(document, chance)
            data, name = json.dumps(document).encode(), name + ".json"
        else:
            path, data, _ = chance.choice(kinds[is_dictionary])
            data, name = change_bytes(data, chance), name + os.path.splitext(path)[1]
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
        names.append(name)
    fine = refused = 0
    for begin in range(0, len(names), BATCH):
        part = names[begin:begin + BATCH]
        done = penstock("validate", *part, cwd=folder, program=PROGRAM, timeout=300, env={"PENSTOCK_DB": "Driver=SQLite3;Database=x.db"})
        check(done.code in (0, 2), "exit %d of validate for %s ... %s: %s" % (done.code, part[0], part[-1], done.tail()))
        said = done.err + done.out
        heads = {line.split(":", 1)[0] for line in said.splitlines()}
        accepted = {line.split(":", 1)[0] for line in done.out.splitlines() if re.match(r"[^:]+: ok\b", line)}
        for name in part:
            # A pipeline may be right and its dictionary not: then that one is named; likewise a dictionary and a schema in a file of its own.
            with open(os.path.join(folder, name), "rb") as file:
                elsewhere = b"schemas/" in file.read() and any(os.path.normpath(head).startswith("schemas/") for head in heads)
            check(name in heads or name.endswith((".yaml", ".yml")) or elsewhere, "nothing is said of " + name)
            fine += name in accepted
            refused += name not in accepted
    check(fine > FILES / 50 and refused > FILES, "one-sided: %d accepted, %d refused" % (fine, refused))
    # What was accepted can be printed in every form.
    for name in [name for name in names if name.endswith(".json")][:40]:
        for command in (["schema", "jsonschema", name], ["schema", "avro", name], ["schema", "ddl", name], ["rules", name]):
            done = penstock(*command, cwd=folder, program=PROGRAM)
            check(done.code in (0, 2), "exit of %s: %s" % (" ".join(command), done.tail()))
            if done.code == 0 and command[1] == "jsonschema":
                json.loads(done.out)
    print("%d files: %d accepted, %d refused" % (len(names), fine, refused))


main(test)
