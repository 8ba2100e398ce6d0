"""The vectors of frictionless-py and tableschema-py through the program: one pipeline with a step for each kind of field.

A vector has a field, a value and what must come of it: a value, or none (frictionless-py: null or an error; tableschema-py: an error).
Texts come as a cell of a CSV file and as a JSON string, everything else as JSON. Values that only Python has (a date object) are left out.
tests/golden/vectors.txt lists what is judged otherwise here, and why; a line there that no longer differs is a failure, too.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import datetime
import json
import os
import re
import sys
from decimal import Decimal

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, main, penstock, tmp

SUITE = sys.argv[1]
NOTHING = object()  # no value: null or refused
REFUSED = object()


def new_folder(name):
    os.mkdir(tmp(name))
    return tmp(name)


def load(name):
    with open(os.path.join(SUITE, name), encoding="utf-8") as file:
        return json.load(file)


# --- what the suites say ---


class PythonOnly(Exception):
    pass


def constant(value):
    """The value of a vector, as a text or a Python value; PythonOnly where it is no value of a file."""
    if isinstance(value, dict) and "$decimal" in value:
        digits = value["$decimal"]
        return float(1 << 63) if "1 << 63" in digits else Decimal(digits)
    if isinstance(value, dict) and "$py" in value:
        text = value["$py"]
        if text == "1 << 63":
            return 1 << 63
        match = re.fullmatch(r"(date|datetime|time)\((\d+(?:, \d+)*)(?:, tzinfo=tz\.(tzutc\(\)|tzoffset\('BST', 3600\)))?\)", text)
        if match:
            numbers = [int(number) for number in match.group(2).split(", ")]
            made = getattr(datetime, match.group(1))(*numbers)
            if match.group(3) and "3600" in match.group(3) and match.group(1) == "datetime":
                made -= datetime.timedelta(seconds=3600)
            return made.isoformat() + ("Z" if match.group(1) == "datetime" else "")
        match = re.fullmatch(r"isodate\.Duration\((.*)\)", text) or re.fullmatch(r"datetime\.timedelta\((.*)\)", text)
        if match:
            return ("duration", {part.split("=")[0]: int(part.split("=")[1]) for part in match.group(1).split(", ")})
        raise PythonOnly(text)
    return value


def duration(text):
    match = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    names = ("years", "months", "days", "hours", "minutes", "seconds")
    return {name: int(digits) for name, digits in zip(names, match.groups()) if digits}


def vectors():
    """(suite, field, value, wanted)"""
    for vector in load("field_cast_vectors.json"):
        options = dict(vector.get("options", {}))
        options.pop("floatNumber", None)  # of Python's types
        field = {"type": vector["type"], "format": vector.get("format", "default"), **options}
        yield "frictionless-py", field, vector["source"], NOTHING if vector["target"] is None else vector["target"]
    for vector in load("tableschema_py_vectors.json"):
        name = re.fullmatch(r"tests/(types|constraints)/test_(\w+)\.py", vector["file"])
        if name.group(1) == "constraints":
            rule, value, argument = name.group(2), vector["value"], vector["constraint"]
            if isinstance(argument, dict):
                continue  # a pattern that Python has compiled
            kind = "array" if "Length" in rule else "string" if isinstance(value, str) else "integer"
            yield "tableschema-py", {"type": kind, "constraints": {rule: argument}}, value, vector["result"]
            continue
        # It casts what is there: missing values are a matter of its caller.
        field = {"type": name.group(2), "format": vector.get("format", "default"), "missingValues": [], **vector.get("options", {})}
        if "validates" in vector:
            wanted = vector["value"] if vector["validates"] else REFUSED
        else:
            wanted = REFUSED if vector["result"] == {"$py": "ERROR"} else vector["result"]
        yield "tableschema-py", field, vector["value"], wanted


# --- through the program ---


def refused_dictionaries(folder, fields):
    """Which fields make no dictionary: one file each, all in one process."""
    names = {}
    for index, field in enumerate(fields):
        name = "one%03d.json" % index
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump({"resources": [{"name": "t", "schema": {"fields": [dict(json.loads(field), name="v")]}}]}, file)
        names[name] = index
    done = penstock("validate", *sorted(names), cwd=folder)
    check(done.code in (0, 2), "exit of validate: " + done.tail())
    return {names[match.group(1)] for match in re.finditer(r"(?m)^(one\d+\.json):\d+:\d+: (?!warning)", done.err + done.out)}


def judged(folder, fields, cells):
    """cells: field -> {"csv": [texts], "json": [values]}. Gives (field, kind, index) -> value, or REFUSED."""
    steps, resources, keys = [], [], {}
    for index, field in enumerate(fields):
        for kind in ("csv", "json"):
            if not cells[field][kind]:
                continue
            table = "t%03d%s" % (index, kind)
            keys[table] = (field, kind)
            resources.append({"name": table, "schema": {"fields": [{"name": "n", "type": "integer"}, dict(json.loads(field), name="v")]}})
            rows = list(enumerate(cells[field][kind]))
            with open(os.path.join(folder, table + "." + kind), "w", newline="", encoding="utf-8") as file:
                if kind == "csv":
                    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
                    writer.writerow(["n", "v"])
                    writer.writerows(rows)
                else:
                    json.dump([{"n": n, "v": value} for n, value in rows], file, default=float)
            steps.append({"name": table, "source": {"type": kind, "path": table + "." + kind},
                          "rules": {"table": table}, "sink": {"type": "json", "path": "out/" + table + ".json", "lines": True}})
    for name, document in (("dictionary.json", {"resources": resources}), ("pipeline.json", {"version": 1, "dictionary": "dictionary.json", "steps": steps})):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(document, file)
    os.makedirs(os.path.join(folder, "out"), exist_ok=True)
    done = penstock("run", "pipeline.json", cwd=folder)
    equal(done.code, 0, "exit of run: " + done.tail())
    found = {}
    for table, (field, kind) in keys.items():
        for index in range(len(cells[field][kind])):
            found[field, kind, index] = REFUSED
        with open(os.path.join(folder, "out", table + ".json"), encoding="utf-8") as file:
            for line in file:
                row = json.loads(line, parse_float=Decimal)
                found[field, kind, row["n"]] = row["v"]
    return found


def agrees(field, got, wanted):
    if "constraints" in field and wanted is not NOTHING:
        return (got is not REFUSED) == wanted
    if wanted is NOTHING:
        return got is REFUSED or got is None
    if wanted is REFUSED or got is REFUSED:
        return got is wanted
    wanted = constant(wanted)
    if isinstance(wanted, tuple):
        return duration(got) == wanted[1]
    if field["type"] == "yearmonth":
        wanted = "%04d-%02d" % tuple(wanted)
    if isinstance(wanted, (int, Decimal)) and not isinstance(wanted, bool):
        return isinstance(got, (int, Decimal)) and not isinstance(got, bool) and Decimal(got) == wanted
    if isinstance(wanted, float):
        return isinstance(got, (int, Decimal)) and float(got) == wanted
    return type(got) is type(wanted) and got == wanted


def exceptions():
    """Lines of vectors.txt: FIELD <tab> VALUE <tab> REASON, field and value as JSON; in front of a value that comes in one form only its
    form and a colon. A value * stands for all of that field."""
    listed = {}
    with open(os.path.join(TOP, "tests/golden/vectors.txt"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            parts = line.rstrip("\n").split("\t")
            check(len(parts) == 3 and len(parts[2]) > 10, "vectors.txt:%d: a line has field, value and reason" % number)
            listed[parts[0], parts[1]] = number
    return listed


def shown(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def test_casts():
    folder = new_folder("casts")
    cells, asked, left_out = {}, [], 0
    for suite, field, value, wanted in vectors():
        key = shown(field)
        mine = cells.setdefault(key, {"csv": [], "json": []})
        try:
            made = constant(value)
            if isinstance(value, dict) and ("$py" in value and not isinstance(made, int)):
                raise PythonOnly(value["$py"])
        except PythonOnly:
            left_out += 1
            continue
        for kind in ("csv", "json"):
            if kind == "csv" and not isinstance(made, str):
                continue
            mine[kind].append(made)
            asked.append((suite, key, field, kind, len(mine[kind]) - 1, value, wanted))
    fields = sorted(cells)
    refused = refused_dictionaries(folder, fields)
    usable = [field for index, field in enumerate(fields) if index not in refused]
    found = judged(folder, usable, cells)
    listed, used, failures = exceptions(), set(), []
    for suite, key, field, kind, index, value, wanted in asked:
        got = found.get((key, kind, index), REFUSED)
        if agrees(field, got, wanted):
            continue
        names = [(key, "*"), (key, shown(value)), (key, kind + ":" + shown(value))]
        hits = [name for name in names if name in listed]
        used.update(hits)
        if not hits:
            failures.append("%s\t%s\t# %s: wanted %s, got %s" % (key, kind + ":" + shown(value), suite,
                            "nothing" if wanted is NOTHING else "refused" if wanted is REFUSED else shown(wanted),
                            "refused" if got is REFUSED else json.dumps(got, default=str)))
    for name in sorted(set(listed) - used):
        failures.append("vectors.txt:%d: no longer differs: %s\t%s" % (listed[name], *name))
    check(not failures, "%d differ:\n%s" % (len(failures), "\n".join(failures)))
    check(len(asked) > 800, "only %d values were asked" % len(asked))
    print("%d values judged, %d lines of exceptions, %d left out (objects of Python)" % (len(asked), len(listed), left_out))


# --- constraints: the examples of the specification, and tables of frictionless-py ---


def rejects_of(folder, schema, text, name="t"):
    """[(record, field, code)] of a table given as CSV with a header; None where the dictionary is refused."""
    with open(os.path.join(folder, name + ".csv"), "w", newline="", encoding="utf-8") as file:
        file.write(text)
    for path, document in (("dictionary.json", {"resources": [{"name": name, "schema": schema}]}),
                           ("pipeline.json", {"version": 1, "dictionary": "dictionary.json", "source": {"type": "csv", "path": name + ".csv"},
                                              "rules": {"table": name}, "sink": {"type": "json", "path": name + ".json"}})):
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            json.dump(document, file)
    done = penstock("run", "pipeline.json", cwd=folder)
    if done.code == 2:
        return None
    equal(done.code, 0, "exit of run: " + done.tail())
    out = []
    path = os.path.join(folder, name + ".json.rejects.jsonl")
    with open(path, encoding="utf-8") if os.path.exists(path) else open(os.devnull) as file:
        for line in file:
            record = json.loads(line)
            violations = record["violations"]
            for violation in violations["violations"] if isinstance(violations, dict) else violations:
                out.append((record["record_no"], violation["field"], violation["code"]))
    return out


def test_constraints_of_the_specification():
    for number, example in enumerate(load("spec_constraint_examples.json")):
        folder = new_folder("constraint%d" % number)
        quoted = example["csv"].replace('{"value": 100}', '"{""value"": 100}"').replace('{"value": "bad"}', '"{""value"": ""bad""}"')
        found = rejects_of(folder, example["schema"], quoted)
        if example["constraint"] == "jsonSchema":
            equal(found, None, "jsonSchema is refused by the dictionary (docs/dictionary.md)")
            continue
        code = "unique-error" if example["constraint"] == "unique" else "constraint-error"
        equal([(record, code) for record, _, code in found], [(2, code)], example["constraint"] + ": " + example["why"])


def table_text(rows):
    out = []
    for row in rows:
        out.append(",".join("" if cell is None else '"%s"' % str(cell).replace('"', '""') for cell in row))
    return "\n".join(out) + "\n"


def test_tables_of_frictionless_py():
    """Those whose rows stand in the suite; its row numbers count the header. Codes that are asked for there alone are compared."""
    played = 0
    for example in load("validate_expectations.json"):
        env, expect = example["env"], example["expect"]
        schema, source, descriptor = env.get("schema"), env.get("source"), env.get("descriptor") or env.get("source")
        if isinstance(descriptor, dict) and isinstance(descriptor.get("resources"), list) and "data" in descriptor["resources"][0]:
            source, schema = descriptor["resources"][0]["data"], descriptor["resources"][0].get("schema")
            if descriptor["resources"][0].get("dialect"):
                continue
        if not (isinstance(schema, dict) and "fields" in schema and isinstance(source, list)) or "detector" in env or "fieldsMatch" in schema:
            continue
        if expect.get("valid"):
            wanted = set()
        elif "rowNumber" in expect.get("columns", []) and isinstance(expect["rows"], list):
            at, kind = expect["columns"].index("rowNumber"), expect["columns"].index("type")
            wanted = {(row[at] - 1, row[kind]) for row in expect["rows"] if row[at] is not None}
        else:
            continue
        # A header shorter than the fields is refused here before any record is read; a blank row is no record.
        if any("label" in row[-1] for row in expect.get("rows", []) if isinstance(row[-1], str)):
            continue
        found = rejects_of(new_folder("table%d" % played), schema, table_text(source))
        check(found is not None, example["test"] + ": the dictionary is refused")
        codes = {code for _, code in wanted} - {"blank-row"}
        wanted = {(record, code) for record, code in wanted if code in codes}
        if example["test"] == "test_resource_validate_schema_primary_key_error_composite":
            # Parts of a primary key are required: records 3 and 5, with nulls in them, are rejected for that, not as duplicates.
            wanted -= {(5, "primary-key")}
        equal({(record, code) for record, _, code in found if code in codes or not codes}, wanted, example["test"])
        played += 1
    check(played >= 8, "only %d tables" % played)


def test():
    test_casts()
    test_constraints_of_the_specification()
    test_tables_of_frictionless_py()


main(test)
