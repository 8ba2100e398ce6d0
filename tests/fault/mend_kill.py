"""usage: mend_kill.py KILLS REJECTS

A part of the rejects is mended, a part is wrong in another way now, so that each replay writes rows, resolves rejects and raises attempts. Replays die at
the n-th write-like call (tests/support/shim_die.c); what is in the database after each is held against itself with SQL, and after the last against
what was given. Meanwhile the lock of the step keeps a load away.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, Failed, books, build_shim, check, databases, dropdb, environment, equal, last_line, main, newdb, penstock, run, tmp, wait_until

kills, rejects = int(sys.argv[1]), int(sys.argv[2])

DICTIONARY = """resources:
  - name: items
    schema:
      fields: [{ name: id, type: integer }, { name: code, type: string, constraints: { required: true, maxLength: 12 } }, { name: note, type: string }]
      primaryKey: id
"""


def pipeline():
    source = tmp("items.csv")
    with open(source, "w") as out:
        for i in range(2 * rejects):
            out.write("%d,%s,n%d\n" % (i, "" if i % 2 else "c%d" % i, i))
    with open(tmp("dictionary.yaml"), "w") as out:
        out.write(DICTIONARY)
    path = tmp("items.yaml")
    with open(path, "w") as out:
        out.write("version: 1\nname: items\ndictionary: %s\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nsteps:\n"
                  "  - name: items\n    source: { type: csv, path: %s, header: false }\n    rules: { table: items }\n"
                  "    sink: { type: odbc, connection: db, table: items, mode: append, create: true }\n" % (tmp("dictionary.yaml"), source))
    return path


def mended(db, path, round_number):
    """A third is mended for good, a third is too long now, a third is left as it was."""
    done = penstock("rejects", "export", "--run", "latest", path, db=db)
    equal(done.code, 0, "the export: " + done.tail())
    if not os.path.exists(path):
        return None
    with open(path, newline="") as source:
        rows = list(csv.DictReader(source))
    with open(path, "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        for row in rows:
            number = int(row["id"]) // 2
            row["code"] = ("m%d" % number, "much too long a code", "")[(number + round_number) % 3] if round_number < 2 else "m%d" % number
            writer.writerow(row)
    return len(rows)


def state(db):
    """What must agree, whatever happened: resolved rejects and the rows that came of them; runs and what they say they did."""
    resolved = int(db.value("select count(*) from penstock_rejects where resolved_run_id is not null"))
    rows = int(db.value("select count(*) from items where code like 'm%'"))
    equal(rows, resolved, "rows of mended rejects, and rejects that are resolved")
    equal(db.value("select count(*) from penstock_rejects r left join items i on i.note = 'n' || (r.record_no - 1) where "
                   "(r.resolved_run_id is null) <> (i.id is null)"), "0", "rejects whose row is there although they are open, or the other way round")
    equal(db.value("select count(*) from penstock_rejects r left join penstock_runs p on p.run_id = r.resolved_run_id and p.kind = 'replay' "
                   "where r.resolved_run_id is not null and p.run_id is null"), "0", "rejects resolved by no replay")
    return resolved, int(db.value("select sum(attempts) from penstock_rejects")) - rejects


def ended(db):
    """Once no replay is running any more, each of them says exactly what it did."""
    for run_id, read, written, rejected, skipped in db.query(
            "select run_id, read_rows, written_rows, rejected_rows, skipped_rows from penstock_runs where kind = 'replay'"):
        equal(int(read), int(written) + int(rejected) + int(skipped), "books of " + run_id)
        equal(int(db.value("select count(*) from penstock_rejects where resolved_run_id = '%s'" % run_id)), int(written), "rejects resolved by " + run_id)
    equal(db.value("select count(*) from penstock_runs where status = 'running'"), "0", "runs that say they are running")
    equal(int(db.value("select sum(rejected_rows) from penstock_runs where kind = 'replay'")),
          int(db.value("select sum(attempts) from penstock_rejects")) - rejects, "attempts, and what the replays rejected again")


def replay(db, path, file, code=(0,), **named):
    for _ in range(100):
        done = penstock("rejects", "replay", path, "--from", file, "--json", db=db, **named)
        if done.code != 7 or db.kind == "sqlite":
            break
        time.sleep(0.1)
    if done.code not in code:
        raise Failed("a replay: wanted exit %s, got %s" % (code, done.tail()))
    if done.code == 0:
        books(done.json, 0)
    return done


def killed(db, path, file, shim, calls):
    """Deaths spread over all calls, the last ones each, where the COMMIT is; then to its end."""
    died = after = 0
    points = sorted(set([1 + calls * i // kills for i in range(kills)] + list(range(max(1, calls - 8), calls + 1))))
    for at in points:
        before = state(db)
        done = replay(db, path, file, (0, 137), env={"SHIM_DIE_AT": str(at), "SHIM_DIE_LOG": tmp("log")}, preload=shim)
        now = state(db)
        if done.code == 0:
            break
        died += 1
        check(now == before or (now[0] > before[0] and now[1] >= before[1]), "a part of a replay is in: %r, then %r" % (before, now))
        if now != before:
            after += 1
            break
    return died, after


def work():
    shim = build_shim("shim_die")
    path = pipeline()
    for kind in databases():
        total = beyond = 0
        # How many calls a replay takes.
        scratch = newdb(kind)
        run(path, db=scratch)
        mended(scratch, tmp("count.csv"), 0)
        replay(scratch, path, tmp("count.csv"), env={"SHIM_DIE_LOG": tmp("log")}, preload=shim)
        calls = int(last_line(tmp("log")).split()[1])
        dropdb(scratch)
        db = newdb(kind)
        run(path, db=db)
        for turn in range(3):
            file = tmp("%s.%d.csv" % (kind, turn))
            if mended(db, file, turn) is None:
                break
            died, after = killed(db, path, file, shim, calls)
            total, beyond = total + died, beyond + after
            replay(db, path, file)
            done = replay(db, path, file)
            check(done.json["written"] == 0, "a replay that was complete writes nothing")
            state(db)
            ended(db)
        equal(int(db.value("select count(*) from items")), 2 * rejects, "all rows, each once")
        equal(db.value("select count(*) from penstock_rejects where resolved_run_id is null"), "0", "rejects that are left")
        check(total >= kills, "only %d replays died on %s" % (total, kind))
        print("%s: %d replays died, %d of them after their COMMIT; %d calls a replay" % (kind, total, beyond, calls))
        exclusion(kind, path)
        dropdb(db)


def exclusion(kind, path):
    """While a load of the step waits for its source, a replay ends 7, naming it."""
    db = newdb(kind)
    run(path, db=db)
    file = tmp("excluded.csv")
    mended(db, file, 2)
    with open(path) as source:
        text = source.read()
    waiting = tmp("waiting.yaml")
    with open(waiting, "w") as out:
        out.write(text.replace(tmp("items.csv"), '"-"'))
    load = subprocess.Popen([PENSTOCK, "run", waiting, "--quiet"], env=environment(db), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        load.stdin.write(b"999999,z,from the pipe\n")
        load.stdin.flush()
        wait_until(lambda: db.value("select count(*) from penstock_checkpoints c join penstock_runs r on r.run_id = c.claimed_by "
                                    "where r.status = 'running' and c.partitions = 1") == "1" or load.poll() is not None, 30, "the load's claim")
        holder = db.value("select run_id from penstock_runs where status = 'running'")
        done = penstock("rejects", "replay", path, "--from", file, db=db)
        equal(done.code, 7, "a replay beside a load: " + done.tail())
        check(holder and holder in done.err, "the holder is not named: " + done.err)
        equal(state(db)[0], 0, "rejects resolved beside a load")
        load.stdin.close()
        equal(load.wait(), 0, "the load")
    finally:
        load.kill()
        load.wait()
    equal(replay(db, path, file).json["written"], rejects, "the replay afterwards")
    state(db)
    dropdb(db)


main(work)
