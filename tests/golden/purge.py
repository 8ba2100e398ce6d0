"""usage: purge.py

State is made by penstock (the hr sample, a mended reject) and by SQL (many old rows with ids of their own); which rows must be left is worked out in
Python from what the tables held before.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, TOP, Failed, check, databases, equal, main, newdb, penstock, run, tmp

MANY = 60000 if FULL else 12500     # rejects: more than one piece of 10,000
MIGRATE = os.path.join(TOP, "pipelines/migrate.yaml")
NOW = datetime.datetime.now(datetime.timezone.utc)


def at(db, days):
    moment = NOW - datetime.timedelta(days=days)
    if db.kind == "sqlite":
        return moment.strftime("'%Y-%m-%dT%H:%M:%S.%fZ'")
    return moment.strftime("'%Y-%m-%d %H:%M:%S.%f'" if db.kind == "mariadb" else "'%Y-%m-%d %H:%M:%S.%f+00'")


def run_id(n, days):
    stamp = int((NOW - datetime.timedelta(days=days)).timestamp() * 1000)
    text = "%012x7%03x8%015x" % (stamp, n % 4096, n)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


def insert(db, table, columns, rows):
    for i in range(0, len(rows), 500):
        db.execute("insert into %s (%s) values %s" % (table, columns, ", ".join("(" + ", ".join(row) + ")" for row in rows[i:i + 500])))


def add_runs(db, runs):
    """(id, kind, pipeline, status, days since it ended or None)"""
    insert(db, "penstock_runs", "run_id, kind, pipeline, status, started_at, finished_at, read_rows, written_rows, rejected_rows, skipped_rows, exit_code",
           [["'%s'" % id, "'%s'" % kind, "'%s'" % pipeline, "'%s'" % status, at(db, (days or 200) + 0.01), at(db, days) if days is not None else "null",
             "0", "0", "0", "0", "0"] for id, kind, pipeline, status, days in runs])


def add_rejects(db, rejects):
    """(run, resolving run or None, days since it was rejected)"""
    insert(db, "penstock_rejects", "run_id, pipeline, step, table_name, source, record_no, code, rule, message, violations, record, published, attempts, "
           "rejected_at, resolved_run_id",
           [["'%s'" % of, "'p'", "'s'", "'t'", "'f.csv'", str(i + 1), "'type-error'", "'t.n.type'", "'m'", "'[]'", "'r'", "1", "1", at(db, days),
             "'%s'" % by if by else "null"] for i, (of, by, days) in enumerate(rejects)])


def ids(db, sql):
    return {row[0] for row in db.query(sql)}


def state(db):
    return {table: db.query("select * from %s order by 1, 2, 3, 4" % table) for table in
            ("penstock_rejects", "penstock_runs", "penstock_files", "penstock_checkpoints", "penstock_idempotency")}


def purge(db, *arguments, code=0):
    done = penstock("purge", *arguments, db=db)
    if done.code != code:
        raise Failed("purge %s: wanted exit %s, got %s" % (" ".join(arguments), code, done.tail()))
    return done


def migrate(db):
    run(MIGRATE, db=db, cwd=TOP)


# --- what goes and what stays ---------------------------------------------------------------------
def small(db):
    """Each reason to stay, by hand."""
    migrate(db)
    before = state(db)
    loaded = before["penstock_runs"][0][0]
    db.execute("update penstock_runs set started_at = %s, finished_at = %s" % (at(db, 400), at(db, 399)))
    add_runs(db, [
        (run_id(1, 300), "run", "a", "succeeded", 300),      # goes
        (run_id(2, 290), "run", "a", "failed", 290),         # a reject of it is not resolved
        (run_id(3, 280), "run", "a", "failed", 280),         # its one reject is resolved, and goes: so does the run
        (run_id(4, 270), "replay", "a", "succeeded", 270),   # resolved it; the newest replay of a
        (run_id(5, 260), "run", "a", "failed", 260),         # its reject was resolved lately: both stay
        (run_id(6, 1), "replay", "b", "succeeded", 1),
        (run_id(7, 250), "run", "a", "running", None),       # goes on, as far as anybody knows
        (run_id(8, 240), "run", "a", "interrupted", 240),    # goes
        (run_id(9, 230), "run", "a", "succeeded", 230),      # the newest of a that succeeded
        (run_id(10, 220), "run", "a", "failed", 220),        # the newest of a
        (run_id(11, 100), "ingest", "i", "succeeded", 100),  # goes: there is a newer one
        (run_id(12, 95), "ingest", "i", "succeeded", 95),    # the newest
        (run_id(13, 89), "run", "young", "failed", 89),      # not old enough, three times
        (run_id(14, 88), "run", "young", "succeeded", 88),
        (run_id(15, 87), "run", "young", "failed", 87),
        (run_id(16, 210), "run", "c", "failed", 210),        # a checkpoint is claimed by it
        (run_id(17, 205), "run", "c", "succeeded", 205),
    ])
    db.execute("insert into penstock_checkpoints (pipeline, step, table_name, %s, partitions, epoch, claimed_by, state, load_read, load_judged, "
               "load_rejected) values ('c', 's', 't', 0, 1, 1, '%s', 'none', 0, 0, 0)" % ('"partition"' if db.kind != "mariadb" else "`partition`", run_id(16, 210)))
    gone = "00000000-0000-7000-8000-000000000000"            # a run that somebody deleted by hand
    add_rejects(db, [(run_id(2, 290), None, 290), (run_id(3, 280), run_id(4, 270), 280), (run_id(5, 260), run_id(6, 1), 260),
                     (run_id(12, 95), gone, 95), (run_id(12, 95), gone, 10)])
    days = {"young": 0.9, "old": 1.1, "older": 200}
    insert(db, "penstock_idempotency", "api_key, pipeline, idem_key, body_sha256, status, answer, created_at",
           [["'k'", "'i'", "'%s'" % name, "'x'", "200", "'{}'", at(db, days[name])] for name in days])
    whole = state(db)
    told = purge(db, "--older-than", "90d", "--dry-run", "--json").json
    equal(state(db), whole, "state after a dry run")
    equal((told["dry_run"], told["rejects"], told["answers"], told["runs"]), (True, 2, 2, 4), "what a dry run counts")
    done = purge(db, "--older-than", "90d")
    lines = [line.split() for line in done.out.splitlines()]
    equal(lines, [["table", "deleted"], ["penstock_rejects", "2"], ["penstock_idempotency", "2"], ["penstock_runs", "4"]], "what is said")
    after = state(db)
    equal({row[0] for row in whole["penstock_runs"]} - {row[0] for row in after["penstock_runs"]},
          {run_id(1, 300), run_id(3, 280), run_id(8, 240), run_id(11, 100)}, "runs that went")
    check(loaded in {row[0] for row in after["penstock_runs"]}, "the run that loaded files has gone")
    equal(ids(db, "select run_id from penstock_rejects where pipeline = 'p'"), {run_id(2, 290), run_id(5, 260), run_id(12, 95)}, "runs of rejects that are left")
    equal(db.count("penstock_rejects", "pipeline = 'p' and resolved_run_id = '%s'" % gone), 1, "rejects whose resolving run is not there")
    equal(ids(db, "select idem_key from penstock_idempotency"), {"young"}, "answers")
    for table in ("penstock_files", "penstock_checkpoints"):
        equal(after[table], whole[table], table)
    equal(db.count("penstock_rejects", "resolved_run_id is null"), len([1 for row in whole["penstock_rejects"] if row[-1] is None]), "rejects not resolved")
    # A shorter age takes no answer before its day is over; what is loaded stays known.
    equal(purge(db, "--older-than", "1h", "--json").json["answers"], 0, "answers of today")
    again = run(MIGRATE, db=db, cwd=TOP).json
    equal((again["written"], again["skipped_by_reason"]["already_loaded"] > 0), (0, True), "a load after the purge")
    equal(purge(db, "--older-than", "36500d", "--json").json["runs"], 0, "runs of a hundred years ago")


def model(runs, rejects, limit):
    """What is left of (id, kind, pipeline, status, days) and (number, run, resolving, days)."""
    ended = {id: days for id, _, _, _, days in runs}
    stay = [r for r in rejects if r[2] is None or r[3] <= limit or ended[r[2]] is None or ended[r[2]] <= limit]
    named = {r[1] for r in stay} | {r[2] for r in stay}
    newest = {}
    for id, kind, pipeline, status, _ in sorted(runs):
        newest[(kind, pipeline)] = id
        if status == "succeeded":
            newest[(kind, pipeline, status)] = id
    left = {r[0] for r in runs if r[0] in named or r[0] in newest.values() or r[3] == "running" or r[4] <= limit}
    return left, {r[0] for r in stay}


def many(db, seed):
    """At random, in several pieces, while somebody else writes."""
    random.seed(seed)
    migrate(db)
    for table in ("penstock_files", "penstock_checkpoints", "penstock_rejects", "penstock_runs"):
        db.execute("delete from " + table)
    runs = []
    for n in range(MANY // 5):
        days = random.choice((10, 50, 89, 91, 120, 300)) + random.random() / 2
        status = random.choice(("succeeded", "failed", "rejected", "running", "interrupted"))
        runs.append((run_id(n, days), random.choice(("run", "replay", "ingest")), random.choice("abc"), status, None if status == "running" else days))
    add_runs(db, runs)
    some = runs[: len(runs) // 3]
    rejects = [(random.choice(some)[0], random.choice(some)[0] if random.random() < 0.95 else None, random.choice((10, 85, 95, 300))) for _ in range(MANY)]
    add_rejects(db, rejects)
    numbers = [int(row[0]) for row in db.query("select reject_id from penstock_rejects order by reject_id")]
    left_runs, left_rejects = model(runs, [(n,) + r for n, r in zip(numbers, rejects)], 90)
    insert(db, "penstock_idempotency", "api_key, pipeline, idem_key, body_sha256, status, answer, created_at",
           [["'k'", "'i'", "'%d'" % n, "'x'", "200", "'{}'", at(db, 2 + n % 7)] for n in range(MANY)])
    told = purge(db, "--older-than", "90d", "--dry-run", "--json").json
    wrote, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            db.execute("insert into penstock_idempotency (api_key, pipeline, idem_key, body_sha256, status, answer, created_at) "
                       "values ('w', 'i', '%d', 'x', 200, '{}', %s)" % (len(wrote), at(db, 0)))
            wrote.append(1)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = purge(db, "--older-than", "90d", "--json").json
    finally:
        stop.set()
        writer.join()
    equal([done[key] for key in ("rejects", "answers", "runs")], [told[key] for key in ("rejects", "answers", "runs")], "the purge and its dry run")
    equal((done["rejects"], done["runs"], done["answers"]), (len(rejects) - len(left_rejects), len(runs) - len(left_runs), MANY), "counts")
    equal(ids(db, "select run_id from penstock_runs"), left_runs, "runs that are left")
    equal({int(id) for id in ids(db, "select reject_id from penstock_rejects")}, left_rejects, "rejects that are left")
    equal(db.count("penstock_idempotency"), len(wrote), "answers written meanwhile")
    check(wrote, "nobody could write while rows were purged")


# --- what is refused -------------------------------------------------------------------------------
def refusals():
    db = newdb("sqlite")
    done = purge(db, "--older-than", "90d")
    check("no state here yet" in done.err and not os.path.exists(db.path), "a database that does not exist: " + done.tail())
    for arguments, words in ((("--older-than", "90"), "--older-than"), (("--older-than", "-1d"), "--older-than"), ((), "--older-than"),
                             (("--older-than", "40000d"), "36500d"), (("--older-than", "1d", "--state", "Driver=SQLite3;Pwd=x"), "password")):
        done = purge(db, *arguments, code=2)
        check(words in done.err, "%r is not said: %s" % (words, done.err))
    migrate(db)
    db.execute("update penstock_meta set version = 99")
    for extra in ((), ("--dry-run",)):
        check("newer penstock" in purge(db, "--older-than", "1d", *extra, code=2).err, "tables of a newer version")
    with open(tmp("none"), "w") as out:
        out.write("Driver=SQLite3;Database=%s" % tmp("no-folder/x.sqlite"))
    text = tmp("text.sqlite")
    with open(text, "w") as out:
        out.write("this is no database, " * 100)
    with open(tmp("damaged"), "w") as out:
        out.write("Driver=SQLite3;Database=%s" % text)
    purge(None, "--older-than", "1d", "--state", "file:" + tmp("damaged"), code=5)


def test():
    refusals()
    for kind in databases():
        small(newdb(kind))
        many(newdb(kind), 7)
        print("%s: ok" % kind)


main(test)
