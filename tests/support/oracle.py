"""Another implementation: what penstock must make of hr CSV files, in plain Python (int, datetime, dict, set).

It reads CSV by itself (RFC 4180, LF or CRLF, quotes only where a field begins with one) because it needs line numbers,
byte offsets and the original bytes of each record. It shares nothing with penstock and nothing with the generator.
usage: oracle.py FOLDER      prints the books and the rejects by rule
SPDX-License-Identifier: Apache-2.0
"""
import collections
import datetime
import os
import re
import sys

TABLES = {
    "departments": {"fields": [("id", "integer", None), ("department", "string", 255)], "references": {}},
    "jobs": {"fields": [("id", "integer", None), ("job", "string", 255)], "references": {}},
    "hired_employees": {
        "fields": [("id", "integer", None), ("name", "string", 255), ("datetime", "datetime", None),
                   ("department_id", "integer", None), ("job_id", "integer", None)],
        "references": {"department_id": "departments", "job_id": "jobs"},
    },
}

Reject = collections.namedtuple("Reject", "step table_name source record_no field code rule record violations line_no byte_offset")
Books = collections.namedtuple("Books", "read written rejected blank")


class Table:
    def __init__(self, name):
        self.name = name
        self.rows = {}       # primary key -> canonical texts, all fields
        self.rejects = []
        self.books = Books(0, 0, 0, 0)


def split(data):
    """Yields (record_no, line_no, byte_offset, original bytes without line end, cells as bytes); a blank line has no cells."""
    at, line, number, end = 0, 1, 0, len(data)
    if data.startswith(b"\xef\xbb\xbf"):
        at = 3
    while at < end:
        begin, first_line, cells, cell = at, line, [], bytearray()
        number += 1
        while True:
            if data[at:at + 1] == b'"':
                at += 1
                while True:
                    stop = data.find(b'"', at)
                    if stop < 0:
                        raise ValueError("the oracle does not judge quotes that stay open (record %d)" % number)
                    line += data.count(b"\n", at, stop)
                    cell += data[at:stop]
                    at = stop + 1
                    if data[at:at + 1] != b'"':
                        break
                    cell += b'"'
                    at += 1
            stop = at
            while stop < end and data[stop] not in b",\r\n":
                stop += 1
            cell += data[at:stop]
            at = stop
            cells.append(bytes(cell))
            cell = bytearray()
            if data[at:at + 1] == b",":
                at += 1
                continue
            break
        stop = at
        if data[at:at + 2] == b"\r\n":
            at += 2
        elif at < end:
            at += 1
        line += 1
        original = data[begin:stop]
        yield number, first_line, begin, original, ([] if not original else cells)


def datetime_text(text):
    """RFC 3339 date and time, to UTC; None where it is none."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)?", text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micros = int((match.group(7) or "0").ljust(6, "0"))
    try:
        value = datetime.datetime(year, month, day, hour, minute, second, micros)
    except ValueError:
        return None
    zone = match.group(8)
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 23 or minutes > 59:
            return None
        delta = datetime.timedelta(hours=hours, minutes=minutes)
        try:
            value = value - delta if zone[0] == "+" else value + delta
        except OverflowError:
            return None
    out = value.strftime("%%04d-%m-%dT%H:%M:%S") % value.year
    return out + (".%06d" % value.microsecond if value.microsecond else "") + "Z"


def cast(kind, limit, text):
    """(canonical text, code, rule name) of one cell that is not null."""
    if kind == "integer":
        stripped = text.strip(" \t")
        if not re.fullmatch(r"[+-]?[0-9]+", stripped) or not -2**63 <= int(stripped) < 2**63:
            return None, "type-error", "type"
        return str(int(stripped)), None, None
    if kind == "datetime":
        value = datetime_text(text.strip(" \t"))
        return (value, None, None) if value else (None, "type-error", "type")
    if len(text) > limit:
        return None, "constraint-error", "maxLength"
    return text, None, None


def printable(data):
    """How the reject store keeps an original: valid UTF-8, other bytes as \\xHH, NUL too."""
    out, at = [], 0
    while at < len(data):
        try:
            text = data[at:].decode("utf-8")
            out.append(text)
            break
        except UnicodeDecodeError as bad:
            out.append(data[at:at + bad.start].decode("utf-8"))
            out.append("\\x%02X" % data[at + bad.start])
            at += bad.start + 1
    return "".join(out).replace("\0", "\\x00")


def judge(name, path, parents, source=None, existing=None):
    """Judges one file. parents: name -> Table. existing: keys that the target held before."""
    table, shape = Table(name), TABLES[name]
    fields = shape["fields"]
    held = set(existing or ())
    with open(path, "rb") as file:
        data = file.read()
    read = blank = 0
    for record_no, line_no, offset, original, raw in split(data):
        read += 1
        if not raw:
            blank += 1
            continue
        found, values = [], {}
        texts = []
        for cell in raw:
            try:
                texts.append(cell.decode("utf-8"))
            except UnicodeDecodeError:
                texts.append(None)
        if any(text is None or "\0" in text for text in texts):
            found.append(("", "encoding-error", name + ".encoding-error"))
        for at, (field, kind, limit) in enumerate(fields):
            if at >= len(texts):
                found.append((field, "missing-cell", "%s.%s.missing-cell" % (name, field)))
        if len(texts) > len(fields):
            found.append(("", "extra-cell", name + ".extra-cell"))
        for at, (field, kind, limit) in enumerate(fields):
            if at >= len(texts) or texts[at] is None or "\0" in texts[at]:
                continue
            if texts[at] == "":
                found.append((field, "constraint-error", "%s.%s.required" % (name, field)))
                continue
            value, code, rule = cast(kind, limit, texts[at])
            if code:
                found.append((field, code, "%s.%s.%s" % (name, field, rule)))
            else:
                values[field] = value
        if not found:
            if int(values["id"]) in held:
                found.append(("id", "primary-key", name + ".id.primary-key"))
            for field, parent in shape["references"].items():
                if int(values[field]) not in parents[parent].rows:
                    found.append((field, "foreign-key", "%s.%s.foreign-key" % (name, field)))
        if found:
            field, code, rule = found[0]
            table.rejects.append(Reject(name, name, source or path, str(record_no), field, code, rule, printable(original),
                                        [violation[2] for violation in found], line_no, offset))
        else:
            held.add(int(values["id"]))
            table.rows[int(values["id"])] = tuple(values[field] for field, _, _ in fields)
    rejected = len(table.rejects)
    table.books = Books(read, read - rejected - blank, rejected, blank)
    return table


def folder(path, shown=None):
    """Judges departments.csv, jobs.csv and hired_employees.csv of a folder, in that order; shown: the folder as the pipeline resolves it."""
    tables = {}
    for name in ("departments", "jobs", "hired_employees"):
        source = "%s/%s.csv" % (shown or path, name)
        tables[name] = judge(name, os.path.join(path, name + ".csv"), tables, source)
    return tables


def main():
    for name, table in folder(sys.argv[1]).items():
        print(name, table.books)
        for rule, count in sorted(collections.Counter(reject.rule for reject in table.rejects).items()):
            print("  %-45s %d" % (rule, count))


if __name__ == "__main__":
    main()
