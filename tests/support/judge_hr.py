"""Judges files of the hr example with Python alone and compares the result with expected.txt and expected-rejects.csv.

usage: judge_hr.py FOLDER
SPDX-License-Identifier: Apache-2.0
"""
import collections
import csv
import datetime
import re
import sys

FIELDS = ("id", "name", "datetime", "department_id", "job_id")
INTEGERS = ("id", "department_id", "job_id")


def records(path):
    """Yields (line, byte offset, bytes) of each record; a line end within quotes belongs to its record."""
    with open(path, "rb") as file:
        line, offset, held = 1, 0, b""
        for piece in file:
            held += piece
            if held.count(b'"') % 2:
                continue
            yield line, offset, held.rstrip(b"\n")
            line += held.count(b"\n")
            offset += len(held)
            held = b""


def cell(field, text):
    """The violation of one cell, or None."""
    if text == "":
        return field, "constraint-error", field + ".required"
    if field in INTEGERS:
        if not re.fullmatch(r"-?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
            return field, "type-error", field + ".type"
    elif field == "datetime":
        try:
            datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            return field, "type-error", field + ".type"
    elif len(text) > 255:
        return field, "constraint-error", field + ".maxLength"
    return None


def judge(folder):
    """Returns rejects as tuples of text, and the numbers of records read, written and blank."""
    parents = {
        "department_id": {row[0] for row in csv.reader(open(folder + "/departments.csv", newline=""))},
        "job_id": {row[0] for row in csv.reader(open(folder + "/jobs.csv", newline=""))},
    }
    ids, rejects = set(), []
    read = written = blank = 0
    for line, offset, data in records(folder + "/hired_employees.csv"):
        read += 1
        if not data:
            blank += 1
            continue
        try:
            row = next(csv.reader(data.decode("utf-8").splitlines(True)))
        except UnicodeDecodeError:
            found = [("", "encoding-error", "encoding-error")]
        else:
            if len(row) > len(FIELDS):
                found = [("", "extra-cell", "extra-cell")]
            else:
                found = [(name, "missing-cell", name + ".missing-cell") for name in FIELDS[len(row):]]
            if not found:
                found = [bad for bad in map(cell, FIELDS, row) if bad]
            if not found:
                if int(row[0]) in ids:
                    found.append(("id", "primary-key", "id.primary-key"))
                for name, known in parents.items():
                    if row[FIELDS.index(name)] not in known:
                        found.append((name, "foreign-key", name + ".foreign-key"))
        if found:
            field, code, rule = found[0]
            rejects.append((str(read), str(line), str(offset), field, code, "hired_employees." + rule))
        else:
            ids.add(int(row[0]))
            written += 1
    return rejects, read, written, blank


def main():
    folder = sys.argv[1]
    rejects, read, written, blank = judge(folder)
    expected = {}
    for line in open(folder + "/expected.txt"):
        kind, name, number = line.split()
        expected[kind, name] = int(number)
    wrong = []
    for name, number in (("read", read), ("written", written), ("rejected", len(rejects)), ("skipped.blank", blank)):
        if expected["count", "hired_employees." + name] != number:
            wrong.append("hired_employees.%s is %d" % (name, number))
    rules = collections.Counter(reject[5] for reject in rejects)
    if {name: n for (kind, name), n in expected.items() if kind == "rule"} != dict(rules):
        wrong.append("by rule: %s" % sorted(rules.items()))
    listed = [tuple(row) for row in csv.reader(open(folder + "/expected-rejects.csv", newline=""))][1:]
    if listed != rejects:
        wrong.append("rejects differ: %s" % [pair for pair in zip(listed, rejects) if pair[0] != pair[1]][:3])
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
