"""What the parts of the benchmark of loads share: sides that take turns, lines with a ratio and its bound, pipelines, tables.

Every figure is a ratio of one run: the sides of a group take turns (A B C A B C ...), the ratio of each turn is taken, and the median of
those is printed, since a machine that is slow for a while is then slow for both.
SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import resource
import statistics
import subprocess
import sys

from harness import TOP, Failed, environment, penstock, run, tmp
from measure import timed

TABLES = ("departments", "jobs", "hired_employees")
DICTIONARY = TOP + "/examples/hr/datapackage.yaml"
LAST = "hired_employees"


def processor_time():
    """Of the processes that were started and have ended: servers are not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Side:
    """One way to do the work. prepare() gives what act(it) needs; clean(it) takes it away; only act is timed."""

    def __init__(self, name, act, prepare=None, check=None, clean=None):
        self.name, self.act, self.prepare, self.check, self.clean = name, act, prepare, check, clean
        self.times, self.processor = [], []

    def turn(self):
        made = self.prepare() if self.prepare else None
        try:
            before = processor_time()
            seconds, _ = timed(self.act, made) if self.prepare else timed(self.act)
            self.times.append(seconds)
            self.processor.append(processor_time() - before)
            if self.check:
                self.check(made)
        finally:
            if self.clean:
                self.clean(made)

    @property
    def seconds(self):
        return statistics.median(self.times)


def take_turns(sides, times):
    for _ in range(times):
        for side in sides:
            side.turn()


def ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours.times, theirs.times))


def say(text=""):
    print(text)
    sys.stdout.flush()


def row(what, ours, theirs, bound=None, processor=False):
    """A line of the table: the ratio, its bound where there is one, and the medians of both sides. Where all the work is done in processes of
    our own, the ratio of processor time can be told as well: it is what remains true on a machine that others use."""
    note = theirs.name
    if processor:
        note += "; of processor time %.2f" % statistics.median(a / max(b, 0.001) for a, b in zip(ours.processor, theirs.processor))
    say("  %-64s %5.2f %-15s %8.3f s / %.3f s  (%s)" %
        (what, ratio(ours, theirs), "(at most %.2f)" % bound if bound else "", ours.seconds, theirs.seconds, note))


def command(words, text=None, env=None):
    done = subprocess.run(words, input=text, text=True, capture_output=True, env=env)
    if done.returncode or re.search(r"\berror\b", done.stderr, re.I):
        raise Failed("%s: %s" % (words[0], done.stderr[-1000:]))
    return done.stdout


def ddl(dialect, references=True):
    """What `penstock schema ddl` prints; None for a dialect that this version does not have."""
    done = penstock("schema", "ddl", DICTIONARY, "--dialect", dialect)
    if done.code:
        return None
    return done.out if references else re.sub(r",\s*(CONSTRAINT \S+ )?FOREIGN KEY [^\n]*?(?=,?\n)", "", done.out)


def pipeline(name, source="csv", sink=""):
    """A pipeline file that loads the hr tables from the CSV files in, or the backup beneath, ${params.data}."""
    path = tmp(name + ".yaml")
    lines = ["version: 1", "name: " + name, "dictionary: " + DICTIONARY, "params:", "  data: { default: none }",
             "connections:", '  db: { type: odbc, connect: "${PENSTOCK_DB}" }', "state: db", "steps:"]
    for table in TABLES:
        where = ('type: csv, path: "${params.data}/%s.csv", header: false' if source == "csv" else
                 'type: avro, folder: "${params.data}", backup: latest, table: %s') % table
        lines += ["  - name: " + table, "    source: { %s }" % where, "    rules: { table: %s }" % table,
                  "    sink: { type: odbc, connection: db, table: %s, mode: append, create: true%s }" % (table, sink)]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def load(path, data, db, **named):
    return run(path, "--set", "data=" + data, db=db, **named)


def backup(db, folder, **named):
    """The shipped backup: the small tables are of no weight in it."""
    return run(TOP + "/pipelines/backup.yaml", "--set", "folder=" + folder, db=db, **named)


def written(db, wanted):
    """Fails unless the large table holds this many rows: what is measured must have been done."""
    got = db.count(LAST)
    if got != wanted:
        raise Failed("%s: %d rows of %s, wanted %d" % (db, got, LAST, wanted))
