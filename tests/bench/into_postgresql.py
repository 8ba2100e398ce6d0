"""The benchmark's loads into PostgreSQL, against `\\copy` of psql into the same tables.

SPDX-License-Identifier: Apache-2.0
"""
import re
import shutil

from harness import shell, server_script, tmp
from measure import commits_between, settings_seen, watch_settings
from sides import LAST, TABLES, Side, command, ddl, load, pipeline, row, say, take_turns, written

CHECKED = 'ALTER TABLE "%s" ADD CHECK (mod("id", 1000) <> %%d);' % LAST


class Loads:
    def __init__(self, works, server):
        self.works, self.server = works, server

    def made(self, text):
        def prepare():
            db = self.server.newdb()
            if text:
                command(db.psql(), text, db.environment())
            command(db.psql(), "checkpoint", db.environment())  # none of the last load's is left for this one
            return db
        return prepare

    def forget(self, db):
        db.session.close()
        shell("sh", server_script("postgresql"), "psql", self.server.folder, "postgres", "-c", "drop database %s with (force)" % db.path)

    def copies(self, name, text):
        copies = "begin;\n" + "".join("\\copy %s from '%s/%s.csv' with (format csv)\n" % (table, self.works.data, table) for table in TABLES) + "commit;\n"
        return Side(name, lambda db: command(db.psql(), copies, db.environment()), self.made(text), self.all_there, self.forget)

    def ours(self, name, text=None, data=None, source="csv", sink="", lost=0):
        path = pipeline("postgresql-" + re.sub(r"\W+", "-", name), source, sink)
        return Side(name, lambda db: load(path, data or self.works.data, db), self.made(text),
                    lambda db: written(db, self.works.rows - lost), self.forget)

    def all_there(self, db):
        written(db, self.works.rows)

    def pgloader(self, name, text):
        def prepare():
            db = self.made(text)()
            lines = []
            for table in TABLES:
                lines.append("LOAD CSV FROM '%s/%s.csv' INTO postgresql://penstock:%s@127.0.0.1:%s/%s?tablename=%s "
                             "WITH fields terminated by ',', fields optionally enclosed by '\"';\n" %
                             (self.works.data, table, db.parts["Pwd"], db.parts["Port"], db.path, table))
            with open(tmp("hr.load"), "w") as file:
                file.writelines(lines)
            return db

        def act(_):
            command(["pgloader", "--quiet", "--root-dir", tmp("pgloader"), tmp("hr.load")])
        return Side(name, act, prepare, self.all_there, self.forget)


def into_postgresql(works, server, slow=False):
    loads, text, alone = Loads(works, server), ddl("postgresql"), ddl("postgresql", references=False)
    whole, keyed = loads.copies("\\copy, foreign keys", text), loads.copies("\\copy, primary key alone", alone)
    made, there, there_keyed = loads.ours("made"), loads.ours("there", text), loads.ours("there keyed", alone)
    unnest = loads.ours("unnest", alone, sink=", bulk: unnest")
    sides = [whole, keyed, made, there, there_keyed, unnest]
    if not slow:
        bad = loads.ours("bad", alone, works.faulty, lost=works.faults)
        free = loads.ours("no refusal", alone + CHECKED % 1000)
        refused = loads.ours("refused", alone + CHECKED % 500, lost=works.rows // 1000)
        avro = loads.ours("avro", alone, works.backup, "avro")
        sides += [bad, free, refused, avro]
    take_turns(sides, works.times)
    bound = (lambda value: None) if slow else (lambda value: value)
    row("table made by the step", made, whole, bound(0.15))
    row("table made by the step, against the primary key alone", made, keyed, bound(0.70))
    row("existing table, primary key alone", there_keyed, keyed, bound(0.85))
    row("existing table, foreign keys", there, whole, bound(1.0))
    row("existing table, primary key alone, bulk: unnest (ODBC only)", unnest, keyed, bound(1.8))
    if slow:
        return
    row("1% bad and 0.1% duplicates, against clean", bad, there_keyed, 1.3)
    row("one row of 1,000 refused by the database alone, against none", refused, free)
    row("Avro -> PostgreSQL, against CSV -> PostgreSQL", avro, there_keyed, 1.0)
    if shutil.which("pgloader"):
        other = loads.pgloader("pgloader", alone)
        try:
            other.turn()
            keyed.times = keyed.times[:1]
            row("pgloader, primary key alone", other, keyed)
        except Exception as bad:  # a figure beside ours, never a reason to stop
            say("  pgloader: %s" % bad)
    else:
        say("  pgloader is not installed")
    session(loads, works, text)


def session(loads, works, text):
    """The settings of a live session and the commits, as the server's own log has them."""
    db = loads.made(text)()
    watch_settings(db, "departments")
    first = db.value("select pg_current_wal_insert_lsn()")
    load(pipeline("postgresql-seen"), works.data, db)
    commits = commits_between(loads.server, first, db.value("select pg_current_wal_flush_lsn()"))
    say("  live session: %s" % settings_seen(db))
    if commits:
        say("  %d commits, %.0f rows a commit" % (commits, works.rows / commits))
    loads.forget(db)
