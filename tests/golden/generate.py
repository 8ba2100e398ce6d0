"""Holds expected.txt and expected-rejects.csv of a folder that the generator made against what the oracle makes of its CSV files.

usage: generate.py FOLDER
SPDX-License-Identifier: Apache-2.0
"""
import collections
import csv
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import oracle
from harness import equal, main


def counted(tables):
    """The lines of expected.txt."""
    lines = []
    for name, table in tables.items():
        for what in ("read", "written", "rejected"):
            lines.append("count %s.%s %d" % (name, what, getattr(table.books, what)))
    lines.append("count hired_employees.skipped.blank %d" % tables["hired_employees"].books.blank)
    rules = collections.Counter(reject.rule for reject in tables["hired_employees"].rejects)
    return lines + ["rule %s %d" % pair for pair in sorted(rules.items())]


def held():
    folder = sys.argv[1]
    tables = oracle.folder(folder)
    with open(os.path.join(folder, "expected.txt")) as file:
        equal(file.read().splitlines(), counted(tables), "expected.txt")
    with open(os.path.join(folder, "expected-rejects.csv"), newline="") as file:
        got = list(csv.reader(file))[1:]
    rejects = tables["hired_employees"].rejects
    wanted = [[r.record_no, str(r.line_no), str(r.byte_offset), r.field, r.code, r.rule] for r in rejects]
    equal(got, wanted, "expected-rejects.csv")
    equal([r for r in rejects if len(r.violations) != 1], [], "a row has one fault at most")


main(held)
