"""The benchmark's reading: a dry run against libcsv alone, databases into Avro against their own tools.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import shutil

from harness import TOP, Failed, newdb, run, shell, tmp
from sides import LAST, Side, backup, command, load, pipeline, row, say, take_turns


def dry_run(works):
    program = tmp("parse")
    compiler = os.environ.get("CC", "cc").split()
    shell(*compiler, "-O2", "-o", program, TOP + "/tests/bench/parse.c", "-lcsv")
    source = "%s/%s.csv" % (works.data, LAST)
    db, path = newdb("sqlite"), pipeline("dry")

    def act():
        done = run(path, "--set", "data=" + works.data, "--dry-run", db=db).json
        if done["rejected"]:
            raise Failed("the dry run rejected %d rows" % done["rejected"])
    theirs, ours = Side("libcsv, empty callbacks", lambda: command([program, source])), Side("dry run", act)
    take_turns([theirs, ours], max(5, works.times))
    row("--dry-run, all rules", ours, theirs, 1.8, processor=True)
    size = os.path.getsize(source) / 1e6
    say("  libcsv %.0f MB/s, --dry-run %.0f MB/s" % (size / theirs.seconds, size / ours.seconds))


def fresh():
    folder = tmp("backups.out")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def compared(what, works, db, theirs, bound, processor=False):
    ours = Side("penstock", lambda folder: backup(db, folder), fresh)
    take_turns([theirs, ours], max(5, works.times))
    row(what, ours, theirs, bound, processor)
    made = glob.glob(tmp("backups.out") + "/*/%s.avro" % LAST)[0]
    say("  %.1f MB of Avro, %.0f rows/s" % (os.path.getsize(made) / 1e6, works.rows / ours.seconds))


def from_sqlite(works):
    db, out = newdb("sqlite"), tmp("select.csv")
    load(pipeline("filled"), works.data, db)
    theirs = Side("sqlite3 -csv", lambda: command(["sh", "-c", 'sqlite3 -csv "$1" "select * from %s" >"$2"' % LAST, "sh", db.path, out]))
    compared("SQLite -> Avro, snappy", works, db, theirs, 0.4, processor=True)
    os.unlink(db.path)
    os.unlink(out)


def from_postgresql(works, server):
    db, out = server.newdb(), tmp("copy.csv")
    load(pipeline("filled"), works.data, db)
    copy = "\\copy (select * from %s) to '%s' with (format csv)\n" % (LAST, out)
    theirs = Side("\\copy (select) to", lambda: command(db.psql(), copy, db.environment()))
    compared("PostgreSQL -> Avro, snappy", works, db, theirs, 1.0)
    os.unlink(out)


def from_mariadb(works, server):
    """No bound; `mariadb --quick` is what its users have."""
    db, out = server.newdb(), tmp("select.tsv")
    load(pipeline("filled"), works.data, db)
    parts = db.parts
    words = ["sh", "-c", 'out=$1; shift; "$@" >"$out"', "sh", out, "mariadb", "--no-defaults", "--quick", "--batch", "-h", parts["Server"],
             "-P", parts["Port"], "-u", parts["Uid"], "-D", parts["Database"], "-e", "select * from " + LAST]
    compared("MariaDB -> Avro, snappy", works, db, Side("mariadb --quick", lambda: command(words, env=db.environment())), None)
    os.unlink(out)
