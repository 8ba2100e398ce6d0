"""Records by two judges: python3-jsonschema with `penstock schema jsonschema`, and a run over the same records as JSON.

A table has one field; each value is a record. Both must agree, but for what the schema leaves to the rules on purpose (docs/dictionary.md):
texts in the place of numbers, booleans and JSON, what has no word in JSON Schema, and formats that no package here checks.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import sys

import jsonschema

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, equal, main, penstock, tmp  # noqa: E402

PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK
REQUIRED = {"required": True}
FIELDS = [
    {"type": "string"}, {"type": "string", "constraints": REQUIRED}, {"type": "string", "missingValues": ["", "-", "n/a"], "constraints": REQUIRED},
    {"type": "string", "constraints": {"minLength": 2, "maxLength": 4}},
    {"type": "string", "constraints": {"required": True, "pattern": "[a-z]{2}|x+"}},
    {"type": "string", "constraints": {"required": True, "pattern": "^a.*$"}},
    {"type": "string", "constraints": {"required": True, "pattern": "(?i)a\\p{L}+"}},
    {"type": "string", "constraints": {"enum": ["ab", "x", ""]}}, {"type": "string", "constraints": {"required": True, "enum": ["ab", "7"]}},
    {"type": "string", "format": "email", "constraints": REQUIRED}, {"type": "string", "format": "uuid"}, {"type": "string", "format": "binary"},
    {"type": "string", "format": "binary", "constraints": {"minLength": 2, "maxLength": 3}},
    {"type": "integer"}, {"type": "integer", "constraints": {"required": True, "minimum": 2, "maximum": 7}},
    {"type": "integer", "constraints": {"exclusiveMinimum": 0, "exclusiveMaximum": 10 ** 15}}, {"type": "integer", "constraints": {"enum": [1, 7, -5]}},
    {"type": "number"}, {"type": "number", "constraints": {"required": True, "minimum": 0.5, "exclusiveMaximum": 7}},
    {"type": "number", "precision": 5, "scale": 2}, {"type": "number", "precision": 38, "scale": 0, "constraints": {"maximum": 10 ** 30}},
    {"type": "number", "constraints": {"enum": [0.5, 7]}},
    {"type": "boolean"}, {"type": "boolean", "constraints": REQUIRED}, {"type": "boolean", "constraints": {"enum": [True]}},
    {"type": "date"}, {"type": "date", "constraints": {"minimum": "2021-01-01"}}, {"type": "date", "format": "%d/%m/%Y"}, {"type": "time"},
    {"type": "datetime"}, {"type": "datetime", "timezone": "Europe/Berlin", "constraints": REQUIRED}, {"type": "year"},
    {"type": "year", "constraints": {"minimum": 2000}}, {"type": "yearmonth"}, {"type": "duration"},
    {"type": "object"}, {"type": "object", "constraints": {"required": True, "minLength": 1, "maxLength": 2}}, {"type": "object", "constraints": {"enum": [{"a": 1}]}},
    {"type": "array"}, {"type": "array", "constraints": {"minLength": 1}}, {"type": "array", "constraints": {"enum": [[1, 2], []]}},
    {"type": "any"}, {"type": "any", "constraints": REQUIRED},
]
VALUES = [None, "", "-", "n/a", "a", "ab", "abc", "abcde", "x", "xxxx", "Ab", "aé", "éé", "7", " 7", "ab\n", "me@example.com", "é@example.com",
          "123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "123e4567e89b12d3a456426614174000", "dGVzdA==", "dGU=", "dGVz", "d",
          0, 1, 2, 7, 8, -5, 100, 999.99, 1000, 0.5, 0.25, 6.99, 1.005, 1e20, 1e15, 9223372036854775807, 9223372036854775808, 10 ** 30, 10 ** 38, 1.0, 2021, 1999, 9999, 10000,
          True, False, "true", "2021-11-07", "2020-12-31", "2021-02-29", "2021-11-7", "07/11/2021", "02:48:42", "02:48:42.123456", "02:48:42Z", "24:00:00", "02:48",
          "2021-11-07T02:48:42Z", "2021-11-07T02:48:42+01:00", "2021-11-07T02:48:42", "2021-13-07T02:48:42Z", "2021-11", "2021-13", "P1Y2M", "PT1S", "P1S", "year",
          {}, {"a": 1}, {"a": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, [], [1], [1, 2], [[]], ["a", None]]
# What jsonschema checks of formats depends on packages; these are checked here, as far as RFC 3339 and RFC 4122 go.
MOMENT = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
FORMATS = {"date": MOMENT, "date-time": MOMENT + r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
           "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "duration": r"P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?",
           "email": r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", "uri": r"[A-Za-z][A-Za-z0-9+.-]*:\S+"}


def checker():
    made = jsonschema.FormatChecker(formats=())
    for name, pattern in FORMATS.items():
        made.checks(name)(lambda value, pattern=pattern: not isinstance(value, str) or re.fullmatch(pattern, value) is not None)
    return made


def stricter(field, value):
    """Where the schema may refuse what the rules accept."""
    kind, words = field["type"], field.get("missingValues", [""])
    if isinstance(value, str) and (value in words or kind in ("integer", "number", "boolean", "year", "object", "array", "any")):
        return True  # null, or a text in the place of something else
    if kind == "datetime" and isinstance(value, str) and not re.search(r"(Z|[+-]\d\d:\d\d)$", value):
        return True
    if isinstance(value, str) and value != value.strip() and kind != "string":
        return True  # spaces around what is no string
    return kind == "boolean" and not isinstance(value, bool) and value in (0, 1)


def looser(field, value, schema):
    """Where the schema may accept what the rules refuse."""
    kind = field["type"]
    if "matches" in schema.get("description", "") or "minimum" in schema.get("description", "") or kind == "date" and "format" in field:
        return True  # says so in words
    if kind == "number" and "precision" in field and isinstance(value, (int, float)):
        return True  # digits after the point
    if kind == "integer" and isinstance(value, (int, float)) and not -2 ** 63 <= value < 2 ** 63:
        return True  # format int64 is a note
    if field.get("format") == "binary":
        return True  # contentEncoding is a note
    if isinstance(value, str) and value.startswith("2021-02-29"):
        return True  # a day that the month has not
    return isinstance(value, str) and value.endswith("\n")  # Python's $ stands before a last line end, that of ECMA-262 does not


def test():
    folder = tmp("records")
    os.mkdir(folder)
    resources, steps = [], []
    rows = [{"n": index, "v": value} for index, value in enumerate(VALUES)]
    with open(os.path.join(folder, "rows.json"), "w", encoding="utf-8") as file:
        json.dump(rows, file)
    for index, field in enumerate(FIELDS):
        name = "t%02d/ ~%%" % index if index == 0 else "t%02d" % index
        resources.append({"name": name, "title": "Values", "schema": {"fields": [{"name": "n", "type": "integer"}, dict(field, name="v", description="A value.")]}})
        steps.append({"name": "s%02d" % index, "source": {"type": "json", "path": "rows.json"}, "rules": {"table": name},
                      "sink": {"type": "json", "path": "out%02d.json" % index}})
    for name, document in (("dictionary.json", {"resources": resources}), ("pipeline.json", {"version": 1, "dictionary": "dictionary.json", "steps": steps})):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(document, file)
    whole = penstock("schema", "jsonschema", "dictionary.json", cwd=folder, program=PROGRAM)
    equal(whole.code, 0, "schema jsonschema: " + whole.tail())
    whole = json.loads(whole.out)
    jsonschema.Draft202012Validator.check_schema(whole)
    equal(whole["$schema"], "https://json-schema.org/draft/2020-12/schema", "the draft")
    done = penstock("run", "pipeline.json", cwd=folder, program=PROGRAM)
    equal(done.code, 0, "run: " + done.tail())
    failures, agreed = [], 0
    for index, field in enumerate(FIELDS):
        name = resources[index]["name"]
        schema = whole["$defs"][name]["properties"]["v"]
        check("A value." in schema["description"], "the description of a field")
        equal(whole["$defs"][name]["description"], "Values", "the title of a table")
        # Through the reference of the whole, so that it is proved, too.
        judge = jsonschema.Draft202012Validator(whole, format_checker=checker())
        with open(os.path.join(folder, "out%02d.json" % index), encoding="utf-8") as file:
            written = {row["n"] for row in json.load(file)}
        for number, value in enumerate(VALUES):
            valid = judge.is_valid({name: [{"n": number, "v": value}]})
            accepted = number in written
            if valid == accepted:
                agreed += 1
            elif not (looser(field, value, schema) if valid else stricter(field, value)):
                failures.append("%s %s: %s by the schema, %s by the rules; %s" % (json.dumps(field), json.dumps(value), "accepted" if valid else "refused",
                                "accepted" if accepted else "refused", json.dumps(schema)))
        check(not judge.is_valid({name: [{"n": 1, "v": None, "other": 1}]}), "a key that the table has not")
        absent = judge.is_valid({name: [{"n": 1}]})
        equal(absent, not field.get("constraints", {}).get("required", False), "a record without the field, " + json.dumps(field))
    check(not failures, "%d differ:\n%s" % (len(failures), "\n".join(failures)))
    one = penstock("schema", "jsonschema", "dictionary.json", "t01", cwd=folder, program=PROGRAM)
    equal({key: value for key, value in json.loads(one.out).items() if key != "$schema"}, whole["$defs"]["t01"], "one table alone")
    equal(penstock("schema", "jsonschema", "dictionary.json", "t1", cwd=folder, program=PROGRAM).code, 2, "a table that is not there")
    print("%d of %d judged alike" % (agreed, len(FIELDS) * len(VALUES)))


main(test)
