"""The benchmark of loads and backups: penstock beside what a user would pick instead, as ratios of one run.

usage: loads.py [ROWS] [--times N] [--only GROUP,...] [--rss]          (through run.sh)
groups: reading, sqlite, postgresql, mariadb, slow, memory
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import os
import shutil
import statistics
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, Failed, Server, build_shim, hr_data, main, newdb, penstock, tmp
from measure import flush_time, timed
from sides import backup, ddl, load, pipeline, say
from into_mariadb import into_mariadb
from into_postgresql import into_postgresql
from into_sqlite import into_sqlite
from memory import memory
from reading import dry_run, from_mariadb, from_postgresql, from_sqlite

NAMES = {"postgresql": "PostgreSQL", "mariadb": "MariaDB"}
GROUPS = ("reading", "sqlite", "postgresql", "mariadb", "slow", "memory")
FAULTS = ("--missing-name", "0.4%", "--bad-datetime", "0.3%", "--unknown-job", "0.3%", "--duplicate-id", "0.1%")

parser = argparse.ArgumentParser(prog="run.sh loads")
parser.add_argument("rows", nargs="?", type=int, default=1000000)
parser.add_argument("--times", type=int, default=3, help="turns of each side")
parser.add_argument("--only", default=",".join(GROUPS), help="groups, with commas between them: " + ", ".join(GROUPS))
parser.add_argument("--rss", action="store_true", help="memory once more, with 10,000,000 rows")
asked = parser.parse_args()
stopped = []


class Works:
    """The data that all sides load."""

    def __init__(self, rows, times):
        self.rows, self.times = rows, times
        self.data = hr_data(tmp("data%d" % rows), rows, 1, "--quoted", "0")
        self.backup, self.faulty, self.faults = tmp("backup"), tmp("faulty"), 0

    def more(self):
        """The same rows with faults, and as a backup."""
        hr_data(self.faulty, self.rows, 1, "--quoted", "0", *FAULTS)
        with open(self.faulty + "/expected.txt") as file:
            self.faults = sum(int(line.split()[2]) for line in file if line.startswith("count hired_employees.rejected "))
        db = newdb("sqlite")
        load(pipeline("to-back-up"), self.data, db)
        backup(db, self.backup)
        os.unlink(db.path)


def small(servers):
    times = [timed(penstock, "version")[0] for _ in range(20)]
    say("  penstock version (median of 20)  %.3f s" % statistics.median(times))
    real = os.path.join(os.environ.get("PENSTOCK_SHARED", TOP + "/../shared"), "data/hr")
    what = "the real hr data"
    if not os.path.exists(real):
        real, what = TOP + "/examples/hr/data", "the hr sample"
    for kind in ["sqlite"] + list(servers):
        times = []
        for _ in range(5):
            db = newdb("sqlite") if kind == "sqlite" else servers[kind].newdb()
            seconds, done = timed(penstock, "run", TOP + "/pipelines/migrate.yaml", "--set", "data=" + real, "--quiet", db=db)
            if done.code == 0:
                times.append(seconds)
        if times:
            say("  %s into %s, end to end (median of 5)  %.3f s" % (what, kind, statistics.median(times)))


def started(kind, name, preload=None):
    server = Server(tmp(name), kind)
    server.start()
    if preload:
        server.stop()
        server.start(preload=preload)
    return server


def test():
    wanted = asked.only.split(",")
    unknown = [group for group in wanted if group not in GROUPS]
    if unknown:
        raise SystemExit("run.sh: no group %s; there are %s" % (", ".join(unknown), ", ".join(GROUPS)))
    say("%s\n%s rows of hired_employees, all rules; %d processors; each side %d times by turns; ours / theirs" %
        (penstock("version").out.splitlines()[0], "{:,}".format(asked.rows), os.cpu_count(), asked.times))
    say("median of 200 fdatasync: %.2f ms" % flush_time(tmp()))
    works = Works(asked.rows, asked.times)
    if {"sqlite", "postgresql", "mariadb"} & set(wanted):
        works.more()
    kinds = ["postgresql"]
    if ddl("mariadb") and shutil.which("mariadb") and (shutil.which("mariadbd") or os.path.exists("/usr/sbin/mariadbd")):
        kinds.append("mariadb")
    else:
        say("no MariaDB: this version has no such dialect, or its server is not installed")
    slow_kinds = list(kinds)
    kinds = [kind for kind in kinds if {kind, "reading", "memory"} & set(wanted)]
    servers = {}
    try:
        for kind in kinds:
            servers[kind] = started(kind, kind)
        groups(works, wanted, servers)
    finally:
        for server in servers.values():
            server.stop()
    if "slow" in wanted:
        slow(works, slow_kinds)
    if stopped:
        raise Failed("groups that did not come to their end: " + "; ".join(stopped))


def group(title, function, *arguments, **named):
    """What goes wrong in one group is said, and the others go on; the end is then a failure."""
    say("\n" + title)
    try:
        function(*arguments, **named)
    except Failed as bad:
        say("  stopped: %s" % bad)
        stopped.append(title)


def groups(works, wanted, servers):
    group("small", small, servers)
    if "reading" in wanted:
        group("reading and judging", dry_run, works)
        group("backup of SQLite", from_sqlite, works)
        for kind, function in (("postgresql", from_postgresql), ("mariadb", from_mariadb)):
            if kind in servers:
                group("backup of " + NAMES[kind], function, works, servers[kind])
    if "sqlite" in wanted:
        group("into SQLite, against .import with foreign_keys=ON", into_sqlite, works)
    if "postgresql" in wanted:
        group("into PostgreSQL, against \\copy", into_postgresql, works, servers["postgresql"])
    if "mariadb" in wanted and "mariadb" in servers:
        group("into MariaDB, against LOAD DATA LOCAL", into_mariadb, works, servers["mariadb"])
    if "memory" in wanted:
        group("peak of resident memory, %s rows" % "{:,}".format(works.rows), memory, works, servers)
    if asked.rss:
        group("peak of resident memory, 10,000,000 rows", memory, Works(10000000, 1), servers)


def slow(works, kinds):
    """The same on a disk that takes 5 ms longer for each flush, on both sides."""
    shim = build_shim("shim_slow")
    group("into SQLite, each flush 5 ms longer on both sides", into_sqlite, works, shim)
    for kind in kinds:
        server = started(kind, "slow-" + kind, shim)
        try:
            group("into %s, each flush 5 ms longer on both sides" % NAMES[kind], into_postgresql if kind == "postgresql" else into_mariadb,
                  works, server, slow=True)
        finally:
            server.stop()


main(test)
