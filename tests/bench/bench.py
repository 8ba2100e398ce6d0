"""The benchmark: loads the same rows with penstock and with the databases' own tools into the same tables.

usage: bench.py ROWS          (through run.sh)
SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, PENSTOCK, Failed, Server, build_shim, environment, hr_data, hr_pipeline, main, newdb, peak, penstock, run, shell, tmp
from measure import commits_between, flush_time, settings_seen, timed, watch_settings

rows = int(sys.argv[1])
TABLES = ("departments", "jobs", "hired_employees")
DICTIONARY = TOP + "/examples/hr/datapackage.yaml"


def command(words, text=None, env=None):
    done = subprocess.run(words, input=text, text=True, capture_output=True, env=env)
    if done.returncode or "rror" in done.stderr:
        raise Failed("%s: %s" % (words[0], done.stderr[-1000:]))
    return done.stdout


def line(what, seconds, base=None, count=None, note=""):
    rate = "%9.0f rows/s" % ((count or rows) / seconds) if count != 0 else " " * 16
    ratio = "%6.2f x" % (base / seconds) if base else " " * 8
    print("  %-56s %8.3f s %s %s  %s" % (what, seconds, rate, ratio, note))
    sys.stdout.flush()


def ddl(dialect):
    return penstock("schema", "ddl", DICTIONARY, "--dialect", dialect).out


def cold(db):
    """The next load finds no table and no file."""
    if db.kind == "sqlite":
        for suffix in ("", "-journal", "-wal", "-shm", "-penstock.lock"):
            if os.path.exists(db.path + suffix):
                os.unlink(db.path + suffix)


# --- SQLite ---------------------------------------------------------------------------------------
def sqlite(data, preload=None):
    env = dict(os.environ)
    if preload:
        env["LD_PRELOAD"] = preload
    text = ddl("sqlite")
    imports = "".join(".import --csv %s/%s.csv %s\n" % (data, name, name) for name in TABLES)
    base = None
    for keys in ("off", "on"):
        path = tmp("import.db")
        for suffix in ("", "-journal"):
            if os.path.exists(path + suffix):
                os.unlink(path + suffix)
        command(["sqlite3", path], text)
        seconds, _ = timed(command, ["sqlite3", path], "PRAGMA foreign_keys=%s;\n%s" % (keys, imports), env)
        counted = command(["sqlite3", path, "select count(*) from hired_employees"]).strip()
        line("sqlite3 .import, foreign keys " + keys, seconds, note="%s rows in" % counted)
        base = seconds
    trace, log = build_shim("shim_trace"), tmp("trace")
    for what, commit, made in (("penstock, the table made by it", None, False), ("penstock, the table there already", None, True),
                               ("penstock, commit: step", "step", True), ("penstock, commit: { rows: 100000 }", "{ rows: 100000 }", True)):
        db = newdb("sqlite")
        if made:
            command(["sqlite3", db.path], text)
        pipeline = hr_pipeline(tmp("load.yaml"), commit)
        seconds, done = timed(run, pipeline, "--set", "data=" + data, db=db, preload=preload)
        line(what, seconds, base)
        cold(db)
    print("  ratios are to .import with foreign_keys=on, which checks what penstock checks last of all")
    if preload is None:
        db = newdb("sqlite")
        run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db, env={"SHIM_TRACE_LOG": log}, preload=trace)
        with open(log, errors="replace") as file:
            lines = file.read().splitlines()
        commits = sum(1 for text in lines if re.match(r"sql\s+(commit|end)\b", text, re.I))
        settings = [text[8:] for text in lines if text.startswith("setting ")]
        print("  live session: %s" % ", ".join(sorted(set(settings))))
        print("  %d commits in all, %.0f rows a commit" % (commits, rows / max(1, commits)))
        cold(db)


# --- PostgreSQL -----------------------------------------------------------------------------------
def postgres(data, server, slow=False):
    text = ddl("postgresql")
    base = None
    for what in ("psql \\copy, keys and foreign keys",):
        db = server.newdb()
        command(db.psql(), text, db.environment())
        copies = "begin;\n" + "".join("\\copy %s from '%s/%s.csv' with (format csv)\n" % (name, data, name) for name in TABLES) + "commit;\n"
        seconds, _ = timed(command, db.psql(), copies, db.environment())
        line(what, seconds, note="%s rows in" % db.count("hired_employees"))
        base = seconds
    for what, commit, made in (("penstock, the table made by it", None, False), ("penstock, the table there already", None, True),
                               ("penstock, commit: step", "step", True)):
        db = server.newdb()
        if made:
            command(db.psql(), text, db.environment())
        first = db.value("select pg_current_wal_insert_lsn()")
        seconds, _ = timed(run, hr_pipeline(tmp("load.yaml"), commit), "--set", "data=" + data, db=db)
        commits = commits_between(server, first, db.value("select pg_current_wal_flush_lsn()"))
        line(what, seconds, base, note="%d commits, %.0f rows a commit" % (commits, rows / commits) if commits else "")
    if not slow:
        watch_settings(db, "departments")
        db.execute("delete from hired_employees", "delete from departments")
        run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, "--step", "departments", "--restart", db=db)
        print("  live session: %s" % settings_seen(db))


# --- reading --------------------------------------------------------------------------------------
def reading(data):
    program = tmp("parse")
    compiler = os.environ.get("CC", "cc").split()
    shell(*compiler, "-O2", "-o", program, TOP + "/tests/bench/parse.c", "-lcsv")
    path = data + "/hired_employees.csv"
    size = os.path.getsize(path) / 1e6
    base = min(timed(command, [program, path])[0] for _ in range(3))
    line("libcsv, empty callbacks", base, note="%.0f MB/s" % (size / base))
    db = newdb("sqlite")
    pipeline = hr_pipeline(tmp("load.yaml"))
    for what, words in (("penstock --dry-run, all rules", ["--dry-run"]),):
        best = min(timed(run, pipeline, "--set", "data=" + data, *words, db=db)[0] for _ in range(3))
        line(what, best, base, note="%.0f MB/s" % (size / best))


# --- backup and restore ---------------------------------------------------------------------------
def pipeline_with(codec):
    """The shipped backup with another codec."""
    with open(TOP + "/pipelines/backup.yaml") as file:
        text = file.read().replace("../examples", TOP + "/examples").replace("codec: snappy", "codec: " + codec)
    path = tmp("backup.%s.yaml" % codec)
    with open(path, "w") as file:
        file.write(text)
    return path


def peak_of(*arguments, **named):
    done, mebibytes = peak(*arguments, **named)
    return done, "peak %.1f MiB" % mebibytes


def backups(data, server):
    db = newdb("sqlite")
    run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
    select = ["sh", "-c", 'sqlite3 -csv "$1" "select * from hired_employees" > "$2"', "sh", db.path, tmp("select.csv")]
    base = min(timed(command, select)[0] for _ in range(3))
    line("sqlite3 -csv 'select'", base)
    best_of = {}
    for codec in ("snappy", "deflate", "zstandard", "null"):
        best, note = None, ""
        for _ in range(3):
            folder = tmp("backups." + codec)
            shutil.rmtree(folder, ignore_errors=True)
            seconds, (_, note) = timed(peak_of, pipeline_with(codec), "--set", "folder=" + folder, db=db)
            best = min(best or seconds, seconds)
        size = os.path.getsize(glob.glob(folder + "/*/hired_employees.avro")[0]) / 1e6
        line("penstock, SQLite -> Avro, %s" % codec, best, base, note="%.1f MB, %s" % (size, note))
        best_of[codec] = best
    print("  SQLite -> Avro (snappy) takes %.2f of sqlite3's time; deflate takes %.2f of snappy's" %
          (best_of["snappy"] / base, best_of["deflate"] / best_of["snappy"]))
    folder = tmp("backups.snappy")
    load = timed(run, hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=newdb("sqlite"))[0]
    line("penstock, CSV -> SQLite, all rules", load)
    for what, target in (("a new database", newdb("sqlite")), ("the full one", db)):
        seconds, (_, note) = timed(peak_of, TOP + "/pipelines/restore.yaml", "--set", "folder=" + folder, db=target)
        line("penstock, Avro -> SQLite, %s" % what, seconds, load, note=note)
    seconds, _ = timed(penstock, "verify", folder)
    line("penstock verify", seconds, base)
    seconds, _ = timed(penstock, "compare", folder, "env:PENSTOCK_DB", db=db)
    line("penstock compare, backup and SQLite", seconds, base)
    cold(db)
    db = server.newdb()
    run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
    copy = "\\copy (select * from hired_employees) to '%s' with (format csv)\n" % tmp("copy.csv")
    base = min(timed(command, db.psql(), copy, db.environment())[0] for _ in range(3))
    line("psql \\copy (select ...) to", base)
    folder = tmp("backups.pg")
    seconds, (_, note) = timed(peak_of, TOP + "/pipelines/backup.yaml", "--set", "folder=" + folder, db=db)
    line("penstock, PostgreSQL -> Avro, snappy", seconds, base, note=note)
    seconds, (_, note) = timed(peak_of, TOP + "/pipelines/restore.yaml", "--set", "folder=" + folder, db=server.newdb())
    line("penstock, Avro -> PostgreSQL, a new database", seconds, note=note)


def small(server):
    times = [timed(penstock, "version")[0] for _ in range(20)]
    line("penstock version (median of 20)", statistics.median(times), count=0)
    real = os.path.join(os.environ.get("PENSTOCK_SHARED", TOP + "/../shared"), "data/hr")
    what = "the real hr data"
    if not os.path.exists(real):
        real, what = TOP + "/examples/hr/data", "the hr sample (the real data is not there)"
    for kind in ("sqlite", "postgresql"):
        times = []
        for _ in range(7):
            db = newdb(kind, server.folder)
            times.append(timed(penstock, "run", TOP + "/pipelines/migrate.yaml", "--set", "data=" + real, "--quiet", db=db)[0])
        line("%s into %s, end to end (median of 7)" % (what, kind), statistics.median(times), count=0)


def test():
    print("%s\n%s rows of hired_employees, no faults; %d processors; %s" %
          (penstock("version").out.splitlines()[0], "{:,}".format(rows), os.cpu_count(), tmp()))
    data = hr_data(tmp("data"), rows, 1, "--quoted", "0")
    server = Server(tmp("server"))
    server.start()
    print("median of 200 fdatasync: %.2f ms\n" % flush_time(tmp()))
    try:
        print("small")
        small(server)
        print("reading and judging")
        reading(data)
        print("backup and restore")
        backups(data, server)
        print("into SQLite")
        sqlite(data)
        print("into PostgreSQL")
        postgres(data, server)
    finally:
        server.stop()
    # The same on a disk that takes 5 ms longer for each flush, on both sides.
    shim = build_shim("shim_slow")
    server = Server(tmp("slow"))
    server.start()
    server.stop()
    server.start(preload=shim)
    try:
        print("into SQLite, each flush 5 ms longer")
        sqlite(data, shim)
        print("into PostgreSQL, each flush 5 ms longer")
        postgres(data, server, slow=True)
    finally:
        server.stop()


main(test)
