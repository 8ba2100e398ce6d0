"""usage: avro_write.py ROWS

Rows made here go from CSV through an avro sink and come back through other implementations of Avro; values are compared with
those that the CSV was made from. Of penstock's own reading nothing is used.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import datetime
import decimal
import json
import os
import random
import shutil
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, main, penstock, tmp

import avro.datafile
import avro.io

rows = int(sys.argv[1])
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
NULL = "~"
decimal.getcontext().prec = 60


def fixed(value, scale):
    return format(value, ".%df" % scale)


def micros(moment):
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


def draw_text(lots):
    some = ["", "x", " spaces ", "O'Neill; \"quoted\"", "two\nlines", "na\u00efve", "\u4e2d\u6587", "\U0001f600" * 3, "~~", "null", "a" * 5000]
    return lots.choice(some) if lots.random() < 0.7 else "".join(chr(lots.choice([65, 223, 0x4e00, 0x1f680]) + lots.randrange(9)) for _ in range(lots.randrange(40)))


def draw_decimal(lots, precision, scale):
    digits = lots.randrange(precision + 1)
    unscaled = lots.choice([-1, 1]) * lots.randrange(10 ** digits) if digits else lots.choice([0, 1, -1, 127, 128, -128, -129, 255, 256, 10 ** precision - 1, 1 - 10 ** precision])
    return decimal.Decimal(unscaled).scaleb(-scale)


def draw_moment(lots):
    at = datetime.datetime(1, 1, 1, tzinfo=UTC) + datetime.timedelta(days=lots.randrange(3652059), seconds=lots.randrange(86400))
    return lots.choice([EPOCH, EPOCH - datetime.timedelta(microseconds=1), at, at + datetime.timedelta(microseconds=lots.randrange(10 ** 6) % 999999)])


# name, type and options in the dictionary, a value, its text in CSV, what python3-avro gives, what is stored
FIELDS = [
    ("id", "integer", {"required": True}, lambda l: l.choice([0, 1, -1, 2 ** 63 - 1, -2 ** 63, 63, 64, -64, -65, l.randrange(2 ** 40)]), str, int, str),
    ("s", "string", {"required": True}, draw_text, str, str, str),
    ("text", "string", {}, draw_text, str, str, str),
    ("Weird name!", "string", {}, draw_text, str, str, str),
    ("f", "number", {}, lambda l: l.choice([0.0, 0.1, -1.5, 1e300, 5e-324, 1.7976931348623157e308, l.uniform(-1e6, 1e6)]), repr, float, float),
    ("small", "number", {"precision": 5, "scale": 2}, lambda l: draw_decimal(l, 5, 2), lambda v: fixed(v, 2), decimal.Decimal, lambda v: v),
    ("large", "number", {"precision": 38, "scale": 9}, lambda l: draw_decimal(l, 38, 9), lambda v: fixed(v, 9), decimal.Decimal, lambda v: v),
    ("b", "boolean", {}, lambda l: l.random() < 0.5, lambda v: "true" if v else "false", bool, bool),
    ("d", "date", {}, lambda l: draw_moment(l).date(), lambda v: v.isoformat(), lambda v: v, lambda v: (v - EPOCH.date()).days),
    ("t", "time", {}, lambda l: draw_moment(l).time(), lambda v: v.isoformat(), lambda v: v,
     lambda v: str(((v.hour * 60 + v.minute) * 60 + v.second) * 10 ** 6 + v.microsecond)),
    ("at", "datetime", {}, draw_moment, lambda v: v.isoformat().replace("+00:00", "Z"), lambda v: v, lambda v: str(micros(v))),
    ("y", "year", {}, lambda l: l.randrange(1, 10000), lambda v: "%04d" % v, int, int),
    ("ym", "yearmonth", {}, lambda l: "%04d-%02d" % (l.randrange(1, 10000), l.randrange(1, 13)), str, str, str),
    ("u", "string", {"format": "uuid"}, lambda l: uuid.UUID(int=l.getrandbits(128)), str, str, str),
    ("bin", "string", {"format": "binary"}, lambda l: bytes(l.randrange(256) for _ in range(l.randrange(20))),
     lambda v: base64.b64encode(v).decode(), bytes, bytes.hex),
]
# By the contract's table of types; nullable where not required.
TYPES = {
    "id": "long", "s": "string", "text": "string", "Weird name!": "string", "f": "double",
    "small": {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2},
    "large": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9},
    "b": "boolean", "d": {"type": "int", "logicalType": "date"}, "t": {"type": "long", "logicalType": "time-micros"},
    "at": {"type": "long", "logicalType": "timestamp-micros"}, "y": "int", "ym": "string", "u": {"type": "string", "logicalType": "uuid"},
    "bin": "bytes",
}


def write_dictionary():
    fields = []
    for name, kind, more, _, _, _, _ in FIELDS:
        field = {"name": name, "type": kind}
        field.update({key: value for key, value in more.items() if key != "required"})
        if more.get("required"):
            field["constraints"] = {"required": True}
        fields.append(field)
    with open(tmp("dictionary.json"), "w") as file:
        json.dump({"name": "d", "resources": [{"name": "types", "schema": {"fields": fields, "missingValues": [NULL]}}]}, file)


def draw_rows():
    seed = int(os.environ.get("PENSTOCK_TEST_SEED") or random.randrange(10 ** 6))
    print("seed %d" % seed)
    lots = random.Random(seed)
    return [[None if lots.random() < 0.2 and not more.get("required") else draw(lots) for _, _, more, draw, _, _, _ in FIELDS] for _ in range(rows)]


def write_csv(table):
    with open(tmp("types.csv"), "w", newline="") as file:
        for row in table:
            cells = [NULL if value is None else text(value) for value, (_, _, _, _, text, _, _) in zip(row, FIELDS)]
            file.write(",".join('"%s"' % cell.replace('"', '""') for cell in cells) + "\n")


def write_avro(codec):
    out = os.path.join(tmp("new folder"), codec + ".avro")
    with open(tmp("pipeline.yaml"), "w") as file:
        json.dump({"version": 1, "name": "avro", "dictionary": "dictionary.json", "steps": [
            {"name": "types", "source": {"type": "csv", "path": tmp("types.csv"), "header": False},
             "rules": {"table": "types", "max_rejects": 0}, "sink": {"type": "avro", "path": out, "codec": codec}}]}, file)
    done = penstock("run", tmp("pipeline.yaml"), "--json")
    equal(done.code, 0, codec + ": " + done.tail())
    equal([done.json["read"], done.json["written"], done.json["rejected"]], [rows, rows, 0], codec + ": books")
    return out, done.json["run_id"]


def avro_names():
    return [name if name != "Weird name!" else "Weird_name_" for name, *_ in FIELDS]


def check_schema(schema, what):
    equal([field["name"] for field in schema["fields"]], avro_names(), what + ": names of the fields")
    equal(schema["name"], "types", what + ": name of the record")
    for field, (name, _, more, *_) in zip(schema["fields"], FIELDS):
        required = more.get("required", False)
        equal(field["type"], TYPES[name] if required else ["null", TYPES[name]], "%s: type of %s" % (what, name))
        check(required or ("default" in field and field["default"] is None), "%s: default of %s" % (what, name))
        equal(field.get("penstock.name", name), name, what + ": original name")


def read_with_python(path, run_id, table, codec):
    what = "python3-avro, " + codec
    with open(path, "rb") as file, avro.datafile.DataFileReader(file, avro.io.DatumReader()) as reader:
        check_schema(json.loads(reader.get_meta("avro.schema")), what)
        equal(reader.get_meta("avro.codec").decode(), codec, what + ": codec")
        equal(reader.get_meta("penstock.table").decode(), "types", what + ": table")
        equal(reader.get_meta("penstock.run_id").decode(), run_id, what + ": run")
        equal(len(reader.get_meta("penstock.dictionary_hash")), 64, what + ": hash of the dictionary")
        count = 0
        for at, record in enumerate(reader):
            for name, value, (_, _, _, _, _, expected, _) in zip(avro_names(), table[at], FIELDS):
                got = record[name]
                if isinstance(got, uuid.UUID):
                    got = str(got)
                equal(got, None if value is None else expected(value), "%s, record %d, %s" % (what, at + 1, name))
            count += 1
        equal(count, rows, what + ": records")


def unscaled(value, name):
    """Two's complement, the shortest, as the specification has it."""
    number = int(value.scaleb(TYPES[name]["scale"]))
    length = 1
    while not -(1 << 8 * length - 1) <= number < 1 << 8 * length - 1:
        length += 1
    return number.to_bytes(length, "big", signed=True).hex()


def read_with_avsc(path, table):
    done = subprocess.run(["node", os.path.join(os.environ["TOP"], "tests/golden/avro_write.js"), tmp("js"), path], stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode().splitlines()
    check_schema(json.loads(lines[0]), "avsc")
    equal(len(lines) - 1, rows, "avsc: records")
    for at, line in enumerate(lines[1:]):
        for value, got, (name, _, _, _, _, _, stored) in zip(table[at], json.loads(line), FIELDS):
            expected = value if value is None else unscaled(value, name) if isinstance(value, decimal.Decimal) else stored(value)
            equal(got, expected, "avsc, record %d, %s" % (at + 1, name))
    print("avsc: %d records" % rows)


def test():
    write_dictionary()
    table = draw_rows()
    write_csv(table)
    codecs = ["null", "deflate", "snappy"]
    try:
        import zstandard  # noqa: F401
        codecs.append("zstandard")
    except ImportError:
        print("zstandard was not read: Python has no such module")
    for codec in codecs:
        path, run_id = write_avro(codec)
        read_with_python(path, run_id, table, codec)
        if codec != "zstandard" and shutil.which("avrocat"):
            lines = subprocess.run(["avrocat", path], stdout=subprocess.PIPE, check=True).stdout.count(b"\n")
            equal(lines, rows, "avrocat, %s: records" % codec)
        if codec == "deflate" and os.path.isdir(tmp("js")):
            read_with_avsc(path, table)
        print("%s: %d records, %d bytes" % (codec, rows, os.path.getsize(path)))


main(test)
