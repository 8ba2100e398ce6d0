"""The benchmark's loads into MariaDB, against LOAD DATA LOCAL into the same tables, checks on for both.

SPDX-License-Identifier: Apache-2.0
"""
import re

from harness import shell, server_script
from sides import LAST, TABLES, Side, command, ddl, load, pipeline, row, say, take_turns, written

CHECKED = "ALTER TABLE %s ADD CHECK (mod(id, 1000) <> %%d);" % LAST
SETTINGS = ("foreign_key_checks", "unique_checks", "check_constraint_checks", "sql_mode", "innodb_flush_log_at_trx_commit", "sync_binlog",
            "innodb_doublewrite")


class Loads:
    def __init__(self, works, server):
        self.works, self.server = works, server

    def client(self, db, *arguments):
        parts = db.parts
        return ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", "--local-infile=1", "-h", parts["Server"], "-P", parts["Port"],
                "-u", parts["Uid"], "-D", parts["Database"], *arguments]

    def made(self, text):
        def prepare():
            db = self.server.newdb()
            if text:
                command(self.client(db), text, db.environment())
            return db
        return prepare

    def forget(self, db):
        db.session.close()
        shell("sh", server_script("mariadb"), "sql", self.server.folder, "mysql", "-e", "drop database " + db.path)

    def load_data(self, name, text):
        """Datetimes are given without T and Z, which the database would warn of."""
        lines = ["set sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'; begin;\n"]
        for table in TABLES:
            lines.append("load data local infile '%s/%s.csv' into table %s character set utf8mb4 fields terminated by ',' optionally enclosed by '\"' "
                         "escaped by '' lines terminated by '\\n'%s;\n" %
                         (self.works.data, table, table,
                          " (id, name, @at, department_id, job_id) set datetime = concat(left(@at, 10), ' ', substr(@at, 12, 8))" if table == LAST else ""))
        lines.append("commit;\n")
        return Side(name, lambda db: command(self.client(db), "".join(lines), db.environment()), self.made(text), self.all_there, self.forget)

    def ours(self, name, text=None, data=None, source="csv", sink="", lost=0):
        path = pipeline("mariadb-" + re.sub(r"\W+", "-", name), source, sink)
        return Side(name, lambda db: load(path, data or self.works.data, db), self.made(text),
                    lambda db: written(db, self.works.rows - lost), self.forget)

    def all_there(self, db):
        written(db, self.works.rows)


def into_mariadb(works, server, slow=False):
    loads, text, alone = Loads(works, server), ddl("mariadb"), ddl("mariadb", references=False)
    whole, keyed = loads.load_data("LOAD DATA, foreign keys", text), loads.load_data("LOAD DATA, primary key alone", alone)
    made, there, there_keyed = loads.ours("made"), loads.ours("there", text), loads.ours("there keyed", alone)
    sides = [whole, keyed, made, there, there_keyed]
    if not slow:
        bad = loads.ours("bad", text, works.faulty, lost=works.faults)
        free = loads.ours("no refusal", text + CHECKED % 1000)
        refused = loads.ours("refused", text + CHECKED % 500, lost=works.rows // 1000)
        avro = loads.ours("avro", text, works.backup, "avro")
        sides += [bad, free, refused, avro]
    take_turns(sides, works.times)
    bound = None if slow else 1.05
    row("table made by the step", made, whole, bound)
    row("existing table, foreign keys", there, whole, bound)
    row("existing table, primary key alone", there_keyed, keyed, bound)
    if slow:
        return
    row("1% bad and 0.1% duplicates, against clean", bad, there, 1.3)
    row("one row of 1,000 refused by the database alone, against none", refused, free)
    row("Avro -> MariaDB, against CSV -> MariaDB", avro, there, 1.0)
    session(loads, works, text)


def session(loads, works, text):
    """The settings of a live session, noted down by a trigger, and the commits of the server's own count."""
    db = loads.made(text)()
    db.execute("create table seen (settings text)",
               "create trigger look after insert on departments for each row insert into seen values (concat_ws(', ', %s))" %
               ", ".join("concat('%s ', @@%s)" % (name, name) for name in SETTINGS))
    commits = "select variable_value from information_schema.global_status where variable_name = 'COM_COMMIT'"
    before = int(db.value(commits))
    load(pipeline("mariadb-seen"), works.data, db)
    count = int(db.value(commits)) - before
    say("  live session: %s" % db.value("select distinct settings from seen"))
    say("  %d commits, %.0f rows a commit" % (count, works.rows / max(1, count)))
    loads.forget(db)
