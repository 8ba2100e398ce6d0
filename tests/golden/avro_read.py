"""usage: avro_read.py ROWS

Files that python3-avro writes go through the avro source into SQLite; the rows there are compared with what the files were made from.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import datetime
import decimal
import io
import json
import os
import random
import re
import sqlite3
import sys
import uuid
import warnings
import zoneinfo

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, main, penstock, run, step_of, tmp

import avro.datafile
import avro.io
import avro.schema

warnings.filterwarnings("ignore", module="avro")  # that it ignores logical types which it does not know
rows = int(sys.argv[1])
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
decimal.getcontext().prec = 60


def moment_text(micros):
    at = EPOCH + micros * MICROSECOND
    text = at.strftime("%Y").rjust(4, "0") + at.strftime("-%m-%dT%H:%M:%S")
    return text + (".%06d" % at.microsecond if at.microsecond else "") + "Z"


def time_text(micros):
    seconds, fraction = divmod(micros, 10 ** 6)
    return "%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60) + (".%06d" % fraction if fraction else "")


def draw_text(lots):
    some = ["", "x", " spaces ", "O'Neill; \"quoted\"", "two\nlines", "na\u00efve", "\u4e2d\u6587", "\U0001f600" * 3, "null", "a" * 5000, "back\\slash\x01\x1f\x7f"]
    return lots.choice(some)


def draw_micros(lots):
    """Years 1 to 9999."""
    return lots.choice([0, -1, 1, lots.randrange(-62135596800 * 10 ** 6, 253402300800 * 10 ** 6), lots.randrange(10 ** 14) * 10 ** 3])


def draw_decimal(lots, precision, scale):
    unscaled = lots.choice([0, 1, -1, 127, 128, -128, -129, 10 ** precision - 1, 1 - 10 ** precision, lots.randrange(-10 ** precision + 1, 10 ** precision)])
    return decimal.Decimal(unscaled).scaleb(-scale)


def draw_tree(lots, depth=0):
    """Of the recursive record Tree."""
    return {"z": lots.randrange(100), "a_b": None if depth > 3 or lots.random() < 0.4 else draw_tree(lots, depth + 1)}


def tree_json(tree):
    return {"a b": tree["a_b"] and tree_json(tree["a_b"]), "z": tree["z"]}


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).replace("\\u001f", "\\u001F")


def logical(kind, name, **more):
    return dict(type=kind, logicalType=name, **more)


TREE = {"type": "record", "name": "Tree", "fields": [{"name": "z", "type": "int"}, {"name": "a_b", "penstock.name": "a b", "type": ["null", "Tree"]}]}
DURATION = {"type": "fixed", "name": "Duration", "size": 12, "logicalType": "duration"}
UUID16 = {"type": "fixed", "name": "Uuid", "size": 16, "logicalType": "uuid"}
COLOUR = {"type": "enum", "name": "Colour", "symbols": ["RED", "GREEN", "BLUE"]}
NESTED = {"type": "map", "values": {"type": "array", "items": ["null", "long", "string", "bytes", "boolean"]}}


def draw_nested(lots):
    draws = [lambda: None, lambda: lots.randrange(-2 ** 63, 2 ** 63), lambda: draw_text(lots), lambda: bytes(lots.randrange(256) for _ in range(lots.randrange(5))),
             lambda: lots.random() < 0.5]
    return {draw_text(lots): [lots.choice(draws)() for _ in range(lots.randrange(4))] for _ in range(lots.randrange(4))}


def nested_json(value):
    # In the order of UTF-8, which for these keys is that of code points, as sort_keys has it.
    return canonical({key: [base64.b64encode(item).decode() if isinstance(item, bytes) else item for item in items] for key, items in value.items()})


# name in the file, its type there, field of the dictionary, how a value is drawn, what python3-avro is given, what SQLite must hold
same = lambda value: value  # noqa: E731
FIELDS = [
    ("id", "long", {"type": "integer"}, None, same, same),
    ("i", "int", {"type": "integer"}, lambda l: l.choice([0, -1, 2 ** 31 - 1, -2 ** 31, 63, 64, -64, -65]), same, same),
    ("l", "long", {"type": "integer"}, lambda l: l.choice([0, -1, 2 ** 63 - 1, -2 ** 63, l.randrange(2 ** 50)]), same, same),
    ("year", "int", {"type": "year"}, lambda l: l.randrange(1, 10000), same, same),
    ("i_as_double", "int", {"type": "number"}, lambda l: l.randrange(-10 ** 9, 10 ** 9), same, float),
    ("l_as_text", "long", {"type": "string"}, lambda l: l.randrange(-2 ** 63, 2 ** 63), same, str),
    ("f", "float", {"type": "number"}, lambda l: l.randrange(-2 ** 20, 2 ** 20) / 8, same, float),
    ("d", "double", {"type": "number"}, lambda l: l.choice([0.0, 0.1, -1.5, 1e300, 5e-324, 1.7976931348623157e308, l.uniform(-1e6, 1e6)]), same, float),
    ("b", "boolean", {"type": "boolean"}, lambda l: l.random() < 0.5, same, int),
    ("s", "string", {"type": "string"}, draw_text, same, same),
    ("bytes_as_text", "bytes", {"type": "string"}, draw_text, str.encode, same),
    ("bin", "bytes", {"type": "string", "format": "binary"}, lambda l: bytes(l.randrange(256) for _ in range(l.randrange(20))), same, same),
    ("fixed", {"type": "fixed", "name": "Three", "size": 3}, {"type": "string", "format": "binary"}, lambda l: bytes(l.randrange(256) for _ in range(3)), same, same),
    ("colour", COLOUR, {"type": "string"}, lambda l: l.choice(COLOUR["symbols"]), same, same),
    ("dec", logical("bytes", "decimal", precision=20, scale=4), {"type": "number", "precision": 20, "scale": 4}, lambda l: draw_decimal(l, 20, 4), same,
     lambda v: format(v, ".4f")),
    ("dec_finer", logical("bytes", "decimal", precision=20, scale=2), {"type": "number", "precision": 38, "scale": 9}, lambda l: draw_decimal(l, 20, 2), same,
     lambda v: format(v, ".9f")),
    ("date", logical("int", "date"), {"type": "date"}, lambda l: datetime.date.fromordinal(l.randrange(1, 3652060)), same, lambda v: v.isoformat()),
    ("time_ms", logical("int", "time-millis"), {"type": "time"}, lambda l: l.randrange(86400000) * 1000, lambda v: (datetime.datetime.min + v * MICROSECOND).time(), time_text),
    ("time_us", logical("long", "time-micros"), {"type": "time"}, lambda l: l.randrange(86400 * 10 ** 6), lambda v: (datetime.datetime.min + v * MICROSECOND).time(), time_text),
    ("at_us", logical("long", "timestamp-micros"), {"type": "datetime"}, draw_micros, lambda v: EPOCH + v * MICROSECOND, moment_text),
    ("at_ms", logical("long", "timestamp-millis"), {"type": "datetime"}, lambda l: draw_micros(l) // 1000 * 1000, lambda v: EPOCH + v * MICROSECOND, moment_text),
    # Logical types that python3-avro does not know: it takes what stands on the wire.
    ("at_ns", logical("long", "timestamp-nanos"), {"type": "datetime"}, lambda l: l.randrange(-9 * 10 ** 15, 9 * 10 ** 15), lambda v: v * 1000, moment_text),
    ("local_us", logical("long", "local-timestamp-micros"), {"type": "datetime"}, draw_micros, same, moment_text),
    ("uuid", logical("string", "uuid"), {"type": "string", "format": "uuid"}, lambda l: uuid.UUID(int=l.getrandbits(128)), str, str),
    ("uuid_16", UUID16, {"type": "string", "format": "uuid"}, lambda l: uuid.UUID(int=l.getrandbits(128)), lambda v: v.bytes, str),
    ("duration", DURATION, {"type": "string"}, lambda l: (l.randrange(12), l.randrange(400), l.randrange(60)),
     lambda v: b"".join(part.to_bytes(4, "little") for part in (v[0], v[1], v[2] * 1000)),
     lambda v: "P" + ("%dM" % v[0] if v[0] else "") + ("%dD" % v[1] if v[1] else "") + ("T%dS" % v[2] if v[2] or not any(v) else "")),
    ("text_as_date", "string", {"type": "date"}, lambda l: datetime.date.fromordinal(l.randrange(1, 3652060)), lambda v: v.isoformat(), lambda v: v.isoformat()),
    ("text_as_int", "string", {"type": "integer"}, lambda l: l.randrange(-10 ** 9, 10 ** 9), str, same),
    ("tree", TREE, {"type": "object"}, draw_tree, same, lambda v: canonical(tree_json(v))),
    ("nested", NESTED, {"type": "any"}, draw_nested, same, nested_json),
    ("nested_as_text", NESTED["values"], {"type": "string"}, lambda l: [l.randrange(9), None, True], same, canonical),
    ("text_as_json", "string", {"type": "array"}, lambda l: [l.randrange(9), {"b": 1, "a": draw_text(l)}], lambda v: json.dumps(v, indent=2), canonical),
    ("wide", ["null", "string", "long"], {"type": "string"}, lambda l: l.choice([draw_text(l), l.randrange(10 ** 6)]), same, str),
]


def is_nullable(name, at):
    # python3-avro asks the text type of a union with uuid whether null is a UUID, and falls over.
    return name not in ("id", "uuid") and at % 2 == 1


def avro_schema():
    fields = []
    for at, (name, kind, *_) in enumerate(FIELDS):
        if is_nullable(name, at) and not isinstance(kind, list):
            kind = ["null", kind] if at % 4 == 1 else [kind, "null"]
        fields.append({"name": name, "type": kind})
    fields += [{"name": "weird_", "penstock.name": "weird!", "type": "int"}, {"name": "other", "type": "int", "aliases": ["alias"]},
               {"name": "labelled", "type": "int"}, {"name": "left_out", "type": {"type": "array", "items": TREE["name"]}}]
    return {"type": "record", "name": "All", "fields": fields}


def draw_rows(lots):
    table = []
    for number in range(rows):
        row = []
        for at, (name, _, _, draw, _, _) in enumerate(FIELDS):
            row.append(number if name == "id" else None if is_nullable(name, at) and lots.random() < 0.2 else draw(lots))
        table.append(row)
    return table


def write(path, schema, records, codec, sync_interval=4000):
    avro.datafile.SYNC_INTERVAL = sync_interval
    with open(path, "wb") as file, avro.datafile.DataFileWriter(file, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema)), codec=codec) as writer:
        for record in records:
            writer.append(record)


def records_of(table):
    for row in table:
        record = {name: None if value is None else give(value) for value, (name, _, _, _, give, _) in zip(row, FIELDS)}
        record.update(weird_=row[0], other=row[0] + 1, labelled=row[0] + 2, left_out=[draw_tree(random.Random(row[0]))])
        yield record


def write_pipeline(name, fields, path, source=None, rules=None, sink=None, key="id"):
    with open(tmp(name + ".yaml"), "w") as file:
        json.dump({"version": 1, "name": name, "dictionary": name + ".dictionary.json",
                   "connections": {"db": {"type": "odbc", "connect": "Driver=SQLite3;Database=" + tmp(name + ".db")}},
                   "steps": [{"name": "load", "source": dict({"type": "avro", "path": path}, **(source or {})), "rules": dict({"table": "t"}, **(rules or {})),
                              "sink": dict({"type": "odbc", "connection": "db", "table": "t", "create": True}, **(sink or {}))}]}, file)
    with open(tmp(name + ".dictionary.json"), "w") as file:
        json.dump({"resources": [{"name": "t", "schema": dict({"fields": fields}, **({"primaryKey": key} if key else {}))}]}, file)
    return tmp(name + ".yaml")


def stored(name, columns):
    with sqlite3.connect(tmp(name + ".db")) as db:
        return db.execute("select %s from t order by id" % ", ".join('"%s"' % column for column in columns)).fetchall()


def test_types(table, codec):
    """In another order than the file's, under other names, without what is ignored, with a field that the file lacks."""
    name = "types_" + codec
    path = tmp(name + ".avro")
    write(path, avro_schema(), records_of(table), codec)
    fields = [dict({"name": field}, **more) for field, _, more, *_ in reversed(FIELDS)]
    fields += [{"name": extra, "type": "integer"} for extra in ("weird!", "alias", "own", "lacking")]
    pipeline = write_pipeline(name, fields, path, {"ignore": ["left_out"]}, {"columns": {"own": "labelled"}})
    done = run(pipeline)
    equal([done.json["read"], done.json["written"], done.json["rejected"]], [rows, rows, 0], name + ": books")
    columns = [field for field, *_ in FIELDS] + ["weird!", "alias", "own", "lacking"]
    for row, got in zip(table, stored(name, columns)):
        wanted = [None if value is None else keep(value) for value, (*_, keep) in zip(row, FIELDS)] + [row[0], row[0] + 1, row[0] + 2, None]
        for column, one, other in zip(columns, got, wanted):
            equal(one, other, "%s: %s of record %d" % (name, column, row[0]))
    print("%s: %d records, %d columns" % (name, rows, len(columns)))


class Twice(dict):
    """A map whose last key comes twice, as a file may have it."""

    def __len__(self):
        return len(self.keys()) + 1

    def items(self):
        return list(super().items()) + [list(super().items())[-1]]


BAD = [
    # field, rule, value on the wire, what is shown
    ("d", "type", float("nan"), "NaN"),
    ("d", "type", float("-inf"), "-INF"),
    ("ns", "type", 1001, "1001"),
    ("day", "type", 2932897, "2932897"),
    ("ms", "type", 86400000, "86400000"),
    ("dec", "type", decimal.Decimal("0.001"), "0.001"),
    ("dec", "type", decimal.Decimal("100.000"), "100.000"),
    ("year", "type", 10000, "10000"),
    ("whole", "type", 2 ** 53 + 1, str(2 ** 53 + 1)),
    ("number", "type", "12x", "12x"),
    ("pairs", "type", Twice(a=1, b=2), "an object with the key \"b\" twice"),
    ("text", "encoding-error", b"a\xff", None),
    ("text", "encoding-error", b"a\0", None),
    ("tree", "type", {"z": float("nan")}, "NaN"),
    ("text", "record-error", b"x" * 200, None),
    ("text", "required", None, None),
]


def test_bad():
    """Each record has one value that is none of its field; the others are written."""
    types = {"d": "double", "ns": "long", "day": "int", "ms": "int", "dec": logical("bytes", "decimal", precision=10, scale=3), "year": "int",
             "whole": "long", "number": "string", "text": ["null", "bytes"],
             "tree": {"type": "record", "name": "T", "fields": [{"name": "z", "type": "double"}]}, "pairs": {"type": "map", "values": "long"}}
    fields = {"d": {"type": "number"}, "ns": {"type": "datetime"}, "day": {"type": "date"}, "ms": {"type": "time"}, "year": {"type": "year"},
              "dec": {"type": "number", "precision": 4, "scale": 2}, "whole": {"type": "number"}, "number": {"type": "integer"},
              "text": {"type": "string", "constraints": {"required": True}}, "tree": {"type": "string"},
              "pairs": {"type": "object"}}
    good = {"d": 0.0, "ns": 0, "day": 0, "ms": 0, "dec": decimal.Decimal("1.000"), "year": 1, "whole": 1, "number": "1", "text": b"x", "tree": {"z": 0.0}, "pairs": {"b": 1, "a": 2}}
    schema = {"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}] + [{"name": name, "type": kind} for name, kind in types.items()]}
    records = [dict(good, id=0)] + [dict(good, **{"id": at + 1, field: value}) for at, (field, _, value, _) in enumerate(BAD)]
    write(tmp("bad.avro"), schema, records, "null")
    # Said in the file, not to python3-avro, which refuses values that it takes for wrong.
    with open(tmp("bad.avro"), "rb") as file:
        data = file.read()
    schema = json.loads(avro_header(data)["avro.schema"])
    for field in schema["fields"]:
        if field["name"] in ("ns", "day", "ms"):
            field["type"] = logical(field["type"], {"ns": "timestamp-nanos", "day": "date", "ms": "time-millis"}[field["name"]])
    with open(tmp("bad.avro"), "wb") as file:
        file.write(with_schema(data, json.dumps(schema)))
    pipeline = write_pipeline("bad", [{"name": "id", "type": "integer"}] + [dict({"name": name}, **more) for name, more in fields.items()], tmp("bad.avro"))
    with open(pipeline) as file:
        text = json.load(file)
    text["limits"] = {"field": 100}
    with open(pipeline, "w") as file:
        json.dump(text, file)
    done = run(pipeline)
    equal([done.json["read"], done.json["written"], done.json["rejected"]], [len(BAD) + 1, 1, len(BAD)], "bad: books")
    with sqlite3.connect(tmp("bad.db")) as db:
        rejects = db.execute("select record_no, line_no, byte_offset, rule, field, violations from penstock_rejects order by record_no").fetchall()
    for at, ((field, rule, _, shown), got) in enumerate(zip(BAD, rejects)):
        equal(got[0], at + 2, "bad: record_no")
        equal(got[1], at + 2, "bad: line_no")
        equal(got[2], avro_header_size(with_schema(data, json.dumps(schema))), "bad: byte_offset of the block")
        equal(got[3], "t.%s" % rule if rule.endswith("-error") else "t.%s.%s" % (field, rule), "bad: rule of record %d" % (at + 2))
        if shown:
            equal(json.loads(got[5])[0]["value"], shown, "bad: value of record %d" % (at + 2))
    print("bad: %d values" % len(BAD))


def test_local():
    """Local times are those of the field's timezone, as Python's zoneinfo has it; moments, and fields without one, are left alone."""
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    texts = ["2021-07-01T12:00:00", "2021-12-01T12:00:00.000001", "1965-01-01T00:00:00", "2021-03-28T01:59:59.999999", "2021-03-28T02:30:00", "2021-10-31T02:30:00",
             "2021-10-31T03:00:00", "9999-12-31T23:59:59.999999", "1950-06-01T00:00:00.5"]
    locals_ = [datetime.datetime.fromisoformat(text + ("00000" if text.endswith(".5") else "")) for text in texts]
    micros = [(moment - datetime.datetime(1970, 1, 1)) // MICROSECOND for moment in locals_]
    schema = {"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}, {"name": "there", "type": logical("long", "local-timestamp-micros")},
                                                        {"name": "maybe", "type": ["null", logical("long", "local-timestamp-millis")]},
                                                        {"name": "plain", "type": logical("long", "local-timestamp-micros")}, {"name": "moment", "type": logical("long", "timestamp-micros")}]}
    records = [{"id": at, "there": value, "maybe": None if at % 2 else value // 1000, "plain": value, "moment": EPOCH + value * MICROSECOND} for at, value in enumerate(micros)]
    write(tmp("local.avro"), schema, records, "null")
    zoned = {"type": "datetime", "timezone": "Europe/Berlin"}
    fields = [{"name": "id", "type": "integer"}, dict(zoned, name="there"), dict(zoned, name="maybe"), {"name": "plain", "type": "datetime"}, dict(zoned, name="moment")]

    def utc(moment):
        """As text; None where that local time does not exist or exists twice."""
        ways = {moment.replace(tzinfo=zone, fold=fold).astimezone(datetime.timezone.utc) for fold in (0, 1)}
        return moment_text((ways.pop() - EPOCH) // MICROSECOND) if len(ways) == 1 else None

    for check_of in ("all", "types"):
        pipeline = write_pipeline("local", fields, tmp("local.avro"), rules={"check": check_of})
        done = run(pipeline)
        equal([done.json["read"], done.json["written"], done.json["rejected"]], [len(texts), len(texts) - 2, 2], "local: books")
        wanted = [(at, utc(moment), None if at % 2 else utc(moment.replace(microsecond=moment.microsecond // 1000 * 1000)), moment_text(value), moment_text(value))
                  for at, (moment, value) in enumerate(zip(locals_, micros)) if utc(moment)]
        with sqlite3.connect(tmp("local.db")) as db:
            equal(db.execute("select id, there, maybe, plain, moment from t order by id").fetchall(), wanted, "local: rows")
            rejects = db.execute("select record_no, rule, message from penstock_rejects order by record_no").fetchall()
        equal([reject[:2] for reject in rejects], [(5, "t.there.type"), (6, "t.there.type")], "local: rejects")
        check('"2021-03-28T02:30:00"' in rejects[0][2] and "Europe/Berlin" in rejects[0][2], "local: message " + rejects[0][2])
        os.remove(tmp("local.db"))
    print("local: %d times" % len(texts))


def take_long(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return (value >> 1) ^ -(value & 1), at


def put_long(value):
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def parse_header(data):
    entries, at = {}, 4
    while True:
        count, at = take_long(data, at)
        if count == 0:
            return entries, at
        for _ in range(count):
            pair = []
            for _ in range(2):
                length, at = take_long(data, at)
                pair.append(data[at:at + length])
                at += length
            entries[pair[0].decode()] = pair[1]


def avro_header(data):
    return {key: value.decode() for key, value in parse_header(data)[0].items()}


def avro_header_size(data):
    return parse_header(data)[1] + 16


def with_schema(data, text):
    entries, end = parse_header(data)
    entries["avro.schema"] = text.encode()
    out = io.BytesIO()
    out.write(data[:4] + put_long(len(entries)))
    for key, value in entries.items():
        out.write(put_long(len(key)) + key.encode() + put_long(len(value)) + value)
    out.write(b"\0" + data[end:])
    return out.getvalue()


def block_offsets(data):
    offsets, at = [], avro_header_size(data)
    while at < len(data):
        offsets.append(at)
        _, at = take_long(data, at)
        length, at = take_long(data, at)
        at += length + 16
    return offsets


SIMPLE = {"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}, {"name": "s", "type": "string"}]}
SIMPLE_FIELDS = [{"name": "id", "type": "integer"}, {"name": "s", "type": "string"}]


def write_simple(path, count, codec):
    write(path, SIMPLE, ({"id": number, "s": "row %d" % number} for number in range(count)), codec)
    with open(path, "rb") as file:
        return file.read()


def test_flipped(lots):
    """Snappy's blocks have a checksum: another bit is exit 4, with the offset of its block and what came before it."""
    data = write_simple(tmp("flipped.avro"), 2000, "snappy")
    offsets, counts = block_offsets(data), []
    check(len(offsets) >= 5, "only %d blocks" % len(offsets))
    for offset in offsets:
        counts.append(take_long(data, offset)[0])
    pipeline = write_pipeline("flipped", SIMPLE_FIELDS, tmp("flipped.avro"), key=None)
    same = 0
    for turn in range(30):
        at = lots.randrange(offsets[0], len(data))
        with open(tmp("flipped.avro"), "wb") as file:
            file.write(data[:at] + bytes([data[at] ^ 1 << lots.randrange(8)]) + data[at + 1:])
        block = max(index for index, offset in enumerate(offsets) if offset <= at)
        before = sum(counts[:block])
        done = penstock("run", pipeline, "--json", "--dry-run")
        if done.code == 0:
            # A copy from another place that holds the same bytes: the block inflates to what it was, and its checksum is right.
            same += 1
            equal(done.json["read"], 2000, "byte %d flipped, nothing else changed" % at)
            continue
        equal(done.code, 4, "byte %d flipped: %s" % (at, done.tail()))
        if at < take_long(data, offsets[block])[1]:
            before += counts[block]  # the count itself: those that are there were read before one was missing, or bytes were left
        told = re.search("; ([0-9]+) records? w(?:as|ere) read before it", done.err)
        check("at byte %d: " % offsets[block] in done.err and told and sum(counts[:block]) <= int(told.group(1)) <= before,
              "byte %d flipped, block %d at %d, %d records before it: %s" % (at, block, offsets[block], before, done.err))
        check(done.json["read"] <= before, "byte %d flipped: %d records read" % (at, done.json["read"]))
    check(same <= 5, "%d of 30 flipped bits were not noticed" % same)
    for turn in range(10):
        at = lots.randrange(offsets[0], len(data))
        if at in offsets:
            continue
        with open(tmp("flipped.avro"), "wb") as file:
            file.write(data[:at])
        done = penstock("run", pipeline, "--json", "--dry-run")
        equal(done.code, 4, "cut at byte %d: %s" % (at, done.tail()))
        check("at byte %d: " % max(offset for offset in offsets if offset <= at) in done.err, "cut at byte %d: %s" % (at, done.err))
    print("flipped: 40 damages in %d blocks, %d without an effect" % (len(offsets), same))


def test_resumed():
    """What was committed before damage is not loaded again once the file is as it was."""
    data = write_simple(tmp("resumed.avro"), 3000, "deflate")
    offsets = block_offsets(data)
    at = offsets[len(offsets) // 2] + 3
    pipeline = write_pipeline("resumed", SIMPLE_FIELDS, tmp("resumed.avro"), sink={"commit": {"rows": 100}})
    with open(tmp("resumed.avro"), "wb") as file:
        file.write(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:])
    first = run(pipeline, code=4).json
    check(0 < first["written"] < 3000, "damage in the middle: %d written" % first["written"])
    with open(tmp("resumed.avro"), "wb") as file:
        file.write(data)
    second = run(pipeline).json
    equal(second["read"], 3000, "resumed: read")
    equal(second["skipped_by_reason"].get("already_committed"), first["written"], "resumed: already committed")
    equal(stored("resumed", ["id", "s"]), [(number, "row %d" % number) for number in range(3000)], "resumed: rows")
    third = run(pipeline).json
    equal(third["skipped_by_reason"], {"already_loaded": 3000}, "resumed: loaded before")
    print("resumed: after %d of 3000 records" % first["written"])


def test():
    seed = int(os.environ.get("PENSTOCK_TEST_SEED") or random.randrange(10 ** 6))
    print("seed %d" % seed)
    lots = random.Random(seed)
    table = draw_rows(lots)
    codecs = ["null", "deflate", "snappy"]
    for module, codec in (("bz2", "bzip2"), ("zstandard", "zstandard")):
        try:
            __import__(module)
            codecs.append(codec)
        except ImportError:
            print("%s was not written: Python has no module %s" % (codec, module))
    for codec in codecs:
        test_types(table, codec)
    test_bad()
    test_local()
    test_flipped(lots)
    test_resumed()


main(test)
