"""Random cells of every byte that UTF-8 has but NUL, through the csv sink and back.

usage: csv_back.py --rounds N [--seed N]
SPDX-License-Identifier: Apache-2.0
"""
import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, Failed, check, equal, main, run, tmp

ROUNDS = int(sys.argv[sys.argv.index("--rounds") + 1])
SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 61
ROWS = 120
PACKED = ["none", "gzip", "zstd"]


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


def unpacked(path, compression):
    """What gzip and zstd themselves make of a file, to its end."""
    with open(path, "rb") as file:
        data = file.read()
    if compression == "gzip":
        equal(data[4:8], b"\0\0\0\0", "no time is in a packed file")
        data = gzip.decompress(data)
    elif compression == "zstd":
        done = subprocess.run(["zstd", "-dcq"], input=data, capture_output=True)
        equal(done.returncode, 0, "zstd -d: %r" % done.stderr)
        data = done.stdout
    return data.decode("utf-8")


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
    compression, other = (dice.choice(PACKED) for _ in range(2))
    done = run(pipeline("to", fields, [], {"type": "json", "path": source, "lines": "true"},
                        dict(style, type="csv", path=out, line_end=line_end, compression=compression)))
    equal(done.json["written"], ROWS, "rows written: %s" % done.json)

    text = unpacked(out, compression)
    csv.field_size_limit(1 << 30)
    seen = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, doublequote=True, strict=True))
    quoted = kinds(text, delimiter, quote)
    if header:
        equal(seen.pop(0), fields, "Python's header")
        quoted.pop(0)
    equal(seen, [["" if value is None else value for value in row] for row in rows], "Python's rows")
    if len(fields) > 1:
        equal([[in_quotes for in_quotes, value in zip(row, wanted) if not value] for row, wanted in zip(quoted, rows)],
              [[value is not None for value in wanted if not value] for wanted in rows], "what is empty stands in quotes, what is null does not")

    done = run(pipeline("from", fields, [""], dict(style, type="csv", path=out), {"type": "json", "path": back, "compression": other}))
    equal(done.json["written"], ROWS, "rows read back: %s" % done.json)
    text = unpacked(back, other)
    try:
        got = json.loads(text)
    except ValueError:
        got = [json.loads(line) for line in text.split("\n") if line]
    equal([[row.get(field) for field in fields] for row in got], [[value or None for value in row] for row in rows], "rows read back")


def large():
    """Much more than a buffer, and nothing at all; twice the same bytes; to standard output."""
    for compression in PACKED[1:]:
        for rows in (0, 60000):
            source = dump("large.ndjson", "".join('["%d","%s"]\n' % (at, "%x" % (at * 2654435761 % 2**32) * (at % 9)) for at in range(rows)))
            sink = {"type": "csv", "path": tmp("large.csv"), "compression": compression}
            made = []
            for _ in range(2):
                run(pipeline("large", ["a", "b"], [], {"type": "json", "path": source, "lines": "true"}, sink))
                with open(tmp("large.csv"), "rb") as file:
                    made.append(file.read())
            check(made[0] == made[1], "the same rows give other bytes")
            want = "a,b\n" + "".join('%d,%s\n' % (at, "%x" % (at * 2654435761 % 2**32) * (at % 9) or '""') for at in range(rows))
            check(unpacked(tmp("large.csv"), compression) == want, "%d rows in %s" % (rows, compression))
            check(rows == 0 or len(made[0]) < len(want) * 0.7, "it is packed")
            path = pipeline("printed", ["a", "b"], [], {"type": "json", "path": source, "lines": "true"}, dict(sink, path="-"))
            done = subprocess.run([PENSTOCK, "run", path, "--quiet"], capture_output=True)
            equal((done.returncode, done.stdout), (0, made[0]), "standard output")


def test():
    large()
    for number in range(ROUNDS):
        try:
            once(number)
        except Failed as error:
            raise Failed("round %d of seed %d: %s" % (number, SEED, error))


main(test)
