"""Runs pipelines/reports/*.yaml on a folder of hr files and holds them against plain Python.

usage: reports.py FOLDER [LINES HIRED "DEPARTMENT N, ..."]     known results of hires-by-quarter and departments-above-mean for 2021
SPDX-License-Identifier: Apache-2.0
"""
import collections
import csv
import io
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import oracle
from harness import TOP, check, databases, equal, main, newdb, penstock, run, tmp

REPORTS = os.path.join(TOP, "pipelines/reports")
QUARTER = ["department", "job", "Q1", "Q2", "Q3", "Q4"]


def hires(data):
    """(year, quarter, department id, department, job) of every employee that is good."""
    tables = oracle.folder(data)
    departments = {row[0]: row[1] for row in tables["departments"].rows.values()}
    jobs = {row[0]: row[1] for row in tables["jobs"].rows.values()}
    for row in tables["hired_employees"].rows.values():
        month = int(row[2][5:7])
        yield int(row[2][:4]), (month - 1) // 3, int(row[3]), departments[row[3]], jobs[row[4]]


def by_quarter(all_hires, year):
    lines = collections.defaultdict(lambda: [0, 0, 0, 0])
    for at, quarter, _, department, job in all_hires:
        if at == year:
            lines[department, job][quarter] += 1
    keys = sorted(lines, key=lambda key: (key[0].encode(), key[1].encode()))
    return [[*key, *(str(n) for n in lines[key])] for key in keys]


def above_mean(all_hires, year):
    hired, names = collections.Counter(), {}
    for at, _, number, department, _ in all_hires:
        if at == year:
            hired[number] += 1
            names[number] = department
    total = sum(hired.values())
    above = [number for number in hired if hired[number] * len(hired) > total]
    return [[str(number), names[number], str(hired[number])] for number in sorted(above, key=lambda number: (-hired[number], number))]


def report(name, db, *arguments):
    """The lines of a report, and how it was told on standard error."""
    done = penstock("run", os.path.join(REPORTS, name + ".yaml"), *arguments, db=db, cwd=tmp())
    equal(done.code, 0, "%s: %s" % (name, done.tail()))
    return list(csv.reader(io.StringIO(done.out, newline=""), strict=True)), done


def same(got, wanted, what):
    for at, (one, other) in enumerate(zip(got, wanted)):
        equal(one, other, "%s, line %d" % (what, at + 1))
    equal(len(got), len(wanted), what + ": lines")


def refused(name, db, words, *arguments):
    done = penstock("run", os.path.join(REPORTS, name + ".yaml"), *arguments, db=db, cwd=tmp())
    equal((done.code, words in done.err), (2, True), "%s %s: %s" % (name, " ".join(arguments), done.tail()))
    return done


def known(db, lines, hired, departments):
    got, done = report("hires-by-quarter", db)
    equal(len(got) - 1, lines, "lines of hires-by-quarter")
    equal(sum(int(cell) for line in got[1:] for cell in line[2:]), hired, "sum of hires-by-quarter")
    check("succeeded" in done.err and str(lines) in done.err, "the summary is on standard error: " + done.err)
    got, _ = report("departments-above-mean", db)
    equal(", ".join("%s %s" % (line[1], line[2]) for line in got[1:]), departments, "departments-above-mean")


def test():
    data = sys.argv[1]
    all_hires = list(hires(data))
    years = sorted({hire[0] for hire in all_hires})
    check(2021 in years and len(all_hires) > 100, "hires of 2021 in %s" % data)
    for kind in databases():
        db = newdb(kind)
        run(os.path.join(TOP, "pipelines/migrate.yaml"), "--set", "data=" + data, db=db)
        if len(sys.argv) > 2:
            known(db, int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
        for year in [None] + years + [years[-1] + 1, 1000, 9999]:
            setting = ("--set", "year=%d" % year) if year else ()
            what = "%s, %s" % (kind, year or "by default")
            got, _ = report("hires-by-quarter", db, *setting)
            same(got, [QUARTER] + by_quarter(all_hires, year or 2021), "hires-by-quarter, " + what)
            got, done = report("departments-above-mean", db, *setting, "--quiet")
            same(got, [["id", "department", "hired"]] + above_mean(all_hires, year or 2021), "departments-above-mean, " + what)
            equal(done.err, "", "--quiet")
        for name in ("hires-by-quarter", "departments-above-mean"):
            # The parameter is a value of its declared type and pattern, whatever somebody would like it to be.
            for year in ("2021 OR 1=1", "2021'--", "", "02021", "0000", "20210", "-2021", "2021.0"):
                equal(refused(name, db, "year", "--set", "year=" + year).out, "", "rows of a refused report")
            equal(refused(name, db, "--json", "--json").json["status"], "failed", "--json")
        history = db.query("select pipeline, count(*) from penstock_runs where kind = 'run' and status = 'succeeded' group by pipeline order by pipeline")
        check([row[0] for row in history] == ["departments-above-mean", "hires-by-quarter", "migrate"], "the history: %s" % history)
        check(not [name for name in os.listdir(tmp()) if name.endswith(".jsonl")], "a file of rejects without any")


main(test)
