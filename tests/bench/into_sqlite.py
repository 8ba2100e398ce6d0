"""The benchmark's loads into SQLite, against `.import` of its shell with foreign_keys=ON.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import subprocess

from harness import build_shim, newdb, tmp
from sides import LAST, TABLES, Side, command, ddl, load, pipeline, row, say, take_turns, written

CHECKED = 'CHECK ("id" %% 1000 <> %d)'


def forget(db):
    for suffix in ("", "-journal", "-wal", "-shm", "-penstock.lock"):
        if os.path.exists(db.path + suffix):
            os.unlink(db.path + suffix)


def with_check(text, refused):
    """The same tables; the large one refuses one id of a thousand, or none."""
    head, name, rest = text.partition('"%s" (' % LAST)
    return head + name + rest.replace("\n);", ",\n    %s\n);" % (CHECKED % (500 if refused else 1000)), 1)


class Loads:
    def __init__(self, works, preload=None):
        self.works, self.preload = works, preload

    def made(self, text):
        def prepare():
            db = newdb("sqlite")
            if text:
                command(["sqlite3", db.path], text)
            return db
        return prepare

    def shell(self, name, text):
        imports = "PRAGMA foreign_keys=ON;\n" + "".join(".import --csv %s/%s.csv %s\n" % (self.works.data, table, table) for table in TABLES)
        env = dict(os.environ, LD_PRELOAD=self.preload) if self.preload else None
        return Side(name, lambda db: command(["sqlite3", db.path], imports, env), self.made(text), self.all_there, forget)

    def ours(self, name, text=None, data=None, source="csv", sink="", lost=0):
        path = pipeline("sqlite-" + re.sub(r"\W+", "-", name), source, sink)
        return Side(name, lambda db: load(path, data or self.works.data, db, preload=self.preload), self.made(text),
                    lambda db: written(db, self.works.rows - lost), forget)

    def all_there(self, db):
        written(db, self.works.rows)


def into_sqlite(works, preload=None):
    loads, text = Loads(works, preload), ddl("sqlite")
    theirs = loads.shell(".import", text)
    made, there = loads.ours("made"), loads.ours("there", text)
    if preload:
        pieces, once = loads.ours("pieces", text, sink=", commit: { rows: 4096 }"), loads.ours("once", text, sink=", commit: step")
        take_turns([theirs, made, there, pieces, once], works.times)
        row("table made by the step", made, theirs, processor=True)
        row("existing table", there, theirs, processor=True)
        row("existing table, a commit every 4,096 rows", pieces, theirs, processor=True)
        row("existing table, one commit", once, theirs, processor=True)
        return
    values = loads.ours("values", text, sink=", bulk: values")
    bad = loads.ours("bad", text, works.faulty, lost=works.faults)
    free, refused = loads.ours("no refusal", with_check(text, False)), loads.ours("refused", with_check(text, True), lost=works.rows // 1000)
    avro = loads.ours("avro", text, works.backup, "avro")
    take_turns([theirs, made, there, values, bad, free, refused, avro], works.times)
    row("existing table, foreign keys, default commit", there, theirs, 0.50, processor=True)
    row("table made by the step", made, theirs, 0.50, processor=True)
    row("existing table, bulk: values", values, theirs, processor=True)
    row("1% bad and 0.1% duplicates, against clean", bad, there, 1.3, processor=True)
    row("one row of 1,000 refused by the database alone, against none", refused, free, processor=True)
    row("Avro -> SQLite, against CSV -> SQLite", avro, there, 1.0, processor=True)
    session(loads, works, text)


def session(loads, works, text):
    """The settings of a live session and the commits, seen from outside."""
    db, log = loads.made(text)(), tmp("trace")
    load(pipeline("sqlite-seen"), works.data, db, env={"SHIM_TRACE_LOG": log}, preload=build_shim("shim_trace"))
    with open(log, errors="replace") as file:
        lines = file.read().splitlines()
    commits = sum(1 for line in lines if re.match(r"sql\s+(commit|end)\b", line, re.I))
    say("  live session: %s" % ", ".join(sorted({line[8:] for line in lines if line.startswith("setting ")})))
    say("  %d commits, %.0f rows a commit" % (commits, works.rows / max(1, commits)))
    seen = subprocess.run(["sqlite3", db.path, "pragma foreign_key_check; pragma integrity_check"], capture_output=True, text=True).stdout.strip()
    say("  integrity and foreign keys afterwards: %s" % seen)
    forget(db)
