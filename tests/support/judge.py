"""Another implementation of the order of judgement, for any dictionary of strings, numbers, booleans, dates and datetimes.

Plain Python: csv, decimal, datetime, re. It shares nothing with penstock.
SPDX-License-Identifier: Apache-2.0
"""
import collections
import csv
import datetime
import decimal
import io
import math
import re

Result = collections.namedtuple("Result", "read written blank rejects")


class Target:
    """What a table holds."""

    def __init__(self, table):
        self.table = table
        self.rows = []
        self.held = collections.defaultdict(set)   # fields of a key -> values


def cast(field, text):
    """The value of a cell as something that compares and hashes as the database's value does; None where it is none."""
    kind = field["type"]
    if kind == "string":
        return text
    text = text.strip(" ")
    if kind == "integer":
        if re.fullmatch(r"[+-]?[0-9]+", text) and -2**63 <= int(text) < 2**63:
            return int(text)
        return None
    if kind == "number" and "precision" in field:
        if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
            return None
        value = decimal.Decimal(text)
        scaled = value.scaleb(field["scale"])
        if scaled != scaled.to_integral_value() or abs(scaled) >= 10 ** field["precision"]:
            return None
        return value + 0
    if kind == "number":
        if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text) or math.isinf(float(text)):
            return None
        return float(text) + 0.0
    if kind == "boolean":
        return {"true": True, "True": True, "TRUE": True, "1": True, "false": False, "False": False, "FALSE": False, "0": False}.get(text)
    if kind == "date":
        match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)
        try:
            return datetime.date(*map(int, match.groups())) if match else None
        except ValueError:
            return None
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))?", text)
    if not match:
        return None
    try:
        value = datetime.datetime(*map(int, match.groups()[:6]), int((match.group(7) or "0").ljust(6, "0")))
        if match.group(8):
            delta = datetime.timedelta(hours=int(match.group(9)), minutes=int(match.group(10)))
            value = value - delta if match.group(8) == "+" else value + delta
        return value
    except (ValueError, OverflowError):
        return None


def stored(value):
    """As a database gives it back, in the form of dbdump."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat() + "Z"
    return str(value)


def violated(field, text):
    """(value, names of violated rules) of a cell."""
    rules = field.get("constraints", {})
    if text in field.get("missingValues", [""]):
        return None, (["required"] if rules.get("required") else [])
    value = cast(field, text)
    if value is None:
        return None, ["type"]
    found = []
    if "minLength" in rules and len(value) < rules["minLength"]:
        found.append("minLength")
    if "maxLength" in rules and len(value) > rules["maxLength"]:
        found.append("maxLength")
    for name, beyond in (("minimum", lambda a, b: a < b), ("maximum", lambda a, b: a > b),
                         ("exclusiveMinimum", lambda a, b: a <= b), ("exclusiveMaximum", lambda a, b: a >= b)):
        if name in rules and beyond(value, cast(field, str(rules[name]))):
            found.append(name)
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        found.append("pattern")
    if "enum" in rules and value not in [cast(field, str(item)) for item in rules["enum"]]:
        found.append("enum")
    return value, found


def records(text):
    """(original, cells) of each record; a line with nothing on it has no cells."""
    at = 0
    while at < len(text):
        # The end of the record: a line end outside of quotes.
        end, quoted = at, False
        while end < len(text) and (quoted or text[end] not in "\r\n"):
            if text[end] == '"':
                quoted = not quoted
            end += 1
        original = text[at:end]
        at = end + (2 if text[end:end + 2] == "\r\n" else 1)
        yield original, (next(csv.reader(io.StringIO(original, newline=""), strict=True)) if original else [])


def judge(table, text, state):
    """Judges a file against its table and the targets of all; good rows are added to the target. Rejects in order of their records."""
    name, schema = table["name"], table["schema"]
    target, fields = state[name], schema["fields"]
    as_list = lambda key: [key] if isinstance(key, str) else list(key)
    primary = as_list(schema.get("primaryKey", []))
    keys = [("primary-key", primary)] if primary else []
    keys += [("unique", as_list(key)) for key in schema.get("uniqueKeys", [])]
    keys += [("unique", [field["name"]]) for field in fields if field.get("constraints", {}).get("unique")]
    required = {field["name"] for field in fields if field.get("constraints", {}).get("required")} | set(primary)
    rule_id = lambda rule, key: "%s.%s.%s" % (name, key[0], rule) if len(key) == 1 else "%s.%s(%s)" % (name, rule, "+".join(key))

    foreign_keys = [(tuple(as_list(foreign["fields"])), foreign["reference"].get("resource") or name, tuple(as_list(foreign["reference"]["fields"])))
                    for foreign in schema.get("foreignKeys", [])]
    rejects = []

    def orphan(values, itself):
        """The rules of foreign keys that are broken: those by which the table refers to itself, or the others."""
        found = []
        for own, resource, theirs in foreign_keys:
            value = tuple(values[part] for part in own)
            if (resource == name) == itself and None not in value and value not in state[resource].held[theirs] and not (
                    itself and value == tuple(values[part] for part in theirs)):
                found.append(rule_id("foreign-key", own))
        return found

    def settle(number, original, values, orphaned):
        """All keys of a record; orphaned: what is said of its references to the table itself."""
        found, taken = [], []
        for rule, key in keys:
            value = tuple(values[part] for part in key)
            if None not in value:
                if value in target.held[tuple(key)]:
                    found.append(rule_id(rule, key))
                taken.append((tuple(key), value))
        found += orphan(values, False) + orphaned
        if found:
            rejects.append((number, found, original))
            return 0
        for key, value in taken:
            target.held[key].add(value)
        target.rows.append(tuple(stored(values[field["name"]]) for field in fields))
        return 1

    read = written = blank = 0
    waiting = []
    for original, cells in records(text):
        read += 1
        if not original:
            blank += 1
            continue
        found = ["%s.%s.missing-cell" % (name, field["name"]) for field in fields[len(cells):]]
        if len(cells) > len(fields):
            found.append(name + ".extra-cell")
        values = {}
        for field, cell in zip(fields, cells):
            described = dict(field, constraints=dict(field.get("constraints", {}), required=True)) if field["name"] in required else field
            values[field["name"]], bad = violated(described, cell)
            found += ["%s.%s.%s" % (name, field["name"], rule) for rule in bad]
        if found:
            rejects.append((read, found, original))
        elif orphan(values, True):
            waiting.append((read, original, values))
        else:
            written += settle(read, original, values, [])
    # Records whose parent in their own table had not come are tried again until nothing moves.
    moved = True
    while moved and waiting:
        moved, left = False, []
        for record in waiting:
            if orphan(record[2], True):
                left.append(record)
            else:
                moved = True
                written += settle(*record, [])
        waiting = left
    for record in waiting:
        settle(*record, orphan(record[2], True))
    rejects.sort(key=lambda reject: reject[0])
    return Result(read, written, blank, rejects)
