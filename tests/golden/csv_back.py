"""Random cells of every byte that UTF-8 has but NUL, through the csv sink and back.

usage: csv_back.py --rounds N [--seed N]
SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import Failed, check, equal, main, run, tmp

ROUNDS = int(sys.argv[sys.argv.index("--rounds") + 1])
SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 61
ROWS = 120


def dump(name, text):
    path = tmp(name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


def pipeline(name, fields, missing, source, sink):
    schema = {"missingValues": missing, "fields": [{"name": field, "type": "string"} for field in fields]}
    dump(name + ".dictionary.json", json.dumps({"resources": [{"name": "t", "schema": schema}]}))
    return dump(name + ".yaml", """version: 1
name: %s
dictionary: %s.dictionary.json
steps: [ { name: s, source: %s, rules: { table: t }, sink: %s } ]
""" % (name, name, json.dumps(source), json.dumps(sink)))


def cell(dice, delimiter, quote):
    """A text, or None."""
    kind = dice.randrange(10)
    if kind == 0:
        return None
    if kind == 1:
        return dice.choice(["", " ", quote, quote * 2, delimiter, "\r", "\n", "\r\n", "\ufeff", "\ufeffx", "\\", "NULL", "\\N", "\t", "#", quote + delimiter, "\n" + quote])
    special = [quote, delimiter, "\r", "\n", " ", "\t", "\\", "'", '"', ",", ";", "\ufeff", "\u2028", "\x85", "\x1a"]

    def one():
        way = dice.randrange(4)
        if way == 0:
            return dice.choice(special)
        if way == 1:
            return chr(dice.randrange(1, 0x80))
        if way == 2:
            return chr(dice.randrange(0x80, 0x800))
        return chr(dice.choice([dice.randrange(0x800, 0xD800), dice.randrange(0xE000, 0x110000)]))
    return "".join(one() for _ in range(dice.randrange(1, 40)))


def kinds(text, delimiter, quote):
    """For each cell of a CSV text whether it stands in quotes: what Python's reader does not tell."""
    out, row, at = [], [], 0
    while at < len(text):
        quoted = text[at] == quote
        if quoted:
            at += 1
            while text[at:at + 1] != quote or text[at + 1:at + 2] == quote:
                at += 2 if text[at] == quote else 1
            at += 1
        else:
            while text[at] not in (delimiter, "\r", "\n"):
                at += 1
        row.append(quoted)
        if text[at] == delimiter:
            at += 1
            continue
        at += 2 if text[at] == "\r" else 1
        out.append(row)
        row = []
    return out


def once(number):
    dice = random.Random(SEED * 1000 + number)
    delimiter, quote = dice.choice([(",", '"'), (";", '"'), ("\t", '"'), ("|", "'"), (" ", '"'), (":", "~"), (",", "a")])
    header, line_end = dice.random() < 0.6, dice.choice(["lf", "crlf"])
    fields = ["f%d" % i for i in range(dice.choice([1, 2, 3, 8]))]
    if header and dice.random() < 0.5:
        fields[0] = cell(dice, delimiter, quote) or "x"
    rows = [[cell(dice, delimiter, quote) for _ in fields] for _ in range(ROWS)]
    source = dump("in.ndjson", "".join(json.dumps(row, ensure_ascii=dice.random() < 0.5) + "\n" for row in rows))
    out, back = tmp("out.csv"), tmp("back.ndjson")
    style = {"header": header, "delimiter": delimiter, "quote": quote}
    done = run(pipeline("to", fields, [], {"type": "json", "path": source, "lines": "true"}, dict(style, type="csv", path=out, line_end=line_end)))
    equal(done.json["written"], ROWS, "rows written: %s" % done.json)

    with open(out, encoding="utf-8", newline="") as file:
        text = file.read()
    with open(out, encoding="utf-8", newline="") as file:
        csv.field_size_limit(1 << 30)
        seen = list(csv.reader(file, delimiter=delimiter, quotechar=quote, doublequote=True, strict=True))
    quoted = kinds(text, delimiter, quote)
    if header:
        equal(seen.pop(0), fields, "Python's header")
        quoted.pop(0)
    equal(seen, [["" if value is None else value for value in row] for row in rows], "Python's rows")
    if len(fields) > 1:
        equal([[in_quotes for in_quotes, value in zip(row, wanted) if not value] for row, wanted in zip(quoted, rows)],
              [[value is not None for value in wanted if not value] for wanted in rows], "what is empty stands in quotes, what is null does not")

    done = run(pipeline("from", fields, [""], dict(style, type="csv", path=out), {"type": "json", "path": back}))
    equal(done.json["written"], ROWS, "rows read back: %s" % done.json)
    with open(back, encoding="utf-8") as file:
        text = file.read()
    try:
        got = json.loads(text)
    except ValueError:
        got = [json.loads(line) for line in text.split("\n") if line]
    equal([[row.get(field) for field in fields] for row in got], [[value or None for value in row] for row in rows], "rows read back")


def test():
    for number in range(ROUNDS):
        try:
            once(number)
        except Failed as error:
            raise Failed("round %d of seed %d: %s" % (number, SEED, error))


main(test)
