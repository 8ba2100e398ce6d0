"""Kills penstock by SIGKILL at random moments, runs it again until the load is done, and compares the end with the oracle.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import os
import random
import shutil
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import BULK, Done, Failed, check, databases, dropdb, equal, fail, hr_data, hr_pipeline, kill, main, newdb, penstock, run, skipped, start, step_of, tmp

parser = argparse.ArgumentParser()
for name in ("kills", "rows", "loads", "large", "piece"):
    parser.add_argument("--" + name, type=int, required=True)
parser.add_argument("--ways", required=True)
parser.add_argument("--seed", type=int, default=int(os.environ.get("PENSTOCK_TEST_SEED", "0")) or int(time.time()))
wanted = parser.parse_args()
dice = random.Random(wanted.seed)


def committed(db):
    """Rows of the large table that are visible, without touching an SQLite database: recovery is the next run's affair."""
    if db.kind != "sqlite":
        return db.count("hired_employees")
    if not os.path.exists(db.path):
        return 0
    copy = tmp("look")
    for suffix in ("", "-journal", "-wal"):
        if os.path.exists(copy + suffix):
            os.unlink(copy + suffix)
        if os.path.exists(db.path + suffix):
            shutil.copyfile(db.path + suffix, copy + suffix)
    connection = sqlite3.connect(copy)
    try:
        return connection.execute("select count(*) from hired_employees").fetchone()[0]
    except sqlite3.Error:
        return 0
    finally:
        connection.close()


def attempt(db, arguments, delay):
    """(killed, exit status). Exit 7 for a moment: PostgreSQL has not yet noticed that the holder of the lock is dead."""
    for _ in range(100):
        process = start("run", *arguments, db=db, stdout=tmp("stdout"), stderr=tmp("stderr"))
        begin = time.monotonic()
        while process.poll() is None and (delay is None or time.monotonic() - begin < delay):
            time.sleep(min(0.002, delay / 10) if delay else 0.02)
        if kill(process):
            process.wait()
            if process.returncode == -9:
                return True, None
        code = process.wait()
        if code == 7 and db.kind == "postgresql":
            time.sleep(0.1)
            continue
        return False, code
    fail("the lock of a dead process is still held after 10 s")


def load(kind, pipeline, data, tables, pace, kills, in_pieces, points):
    """One load with about this many kills on its way; gives how many met a living process."""
    db = newdb(kind)
    arguments = [pipeline, "--set", "data=" + data, "--json"]
    hits = attempts = 0
    total = tables["hired_employees"].books.written
    # Parts of an undisturbed load's time: what is committed; what a start takes; what a resume takes of the way before it.
    share, begin, resume = 0.0, 0.02, 0.3
    while True:
        if hits < kills and attempts < 4 * kills:
            if in_pieces:
                # Some part of what is left, behind what a resumed run needs to get there.
                planned = (1 - share) / (kills - hits + 1) * dice.uniform(0.2, 1.8)
                delay = pace * max(0.02, begin + share * resume + planned)
            else:
                # Ascending, since a load that ends early is one less to be killed.
                delay = pace * (hits + dice.random()) / (kills + 1) + 0.02 * dice.random()
        else:
            delay = None
        attempts += 1
        killed, code = attempt(db, arguments, delay)
        if not killed:
            if code != 0:
                with open(tmp("stderr"), errors="replace") as file:
                    raise Failed("%s: attempt %d after %d kills: wanted exit 0, got %s: %s" % (kind, attempts, hits, code, file.read()[-2000:]))
            break
        hits += 1
        rows = committed(db)
        check(in_pieces or rows in (0, total), "%s: %d rows are visible of a step that commits once" % (kind, rows))
        now = rows / total
        check(now >= share, "%s: rows that were committed are gone: %.3f, then %.3f" % (kind, share, now))
        # What it took beyond its progress is learned from each attempt.
        spare = delay / pace - (now - share)
        if share < 0.05:
            begin = 0.5 * begin + 0.5 * min(0.5, max(0.0, spare))
        else:
            resume = 0.5 * resume + 0.5 * min(2.0, max(0.0, (spare - begin) / share))
        share = now
        points.append((rows, round(delay, 3), min(9, int(10 * (share if in_pieces else delay / pace)))))
    with open(tmp("stdout")) as file:
        compare.finished(Done(0, file.read(), "", "run"), tables)
    compare.everything(db, tables)
    done = run(pipeline, "--set", "data=" + data, db=db)
    for name, table in tables.items():
        equal(skipped(step_of(done.json, name)), {"already_loaded": table.books.read}, "%s: once more, %s" % (kind, name))
    compare.rows(db, tables)
    dropdb(db)
    return hits


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % wanted.seed)
    sets = []
    for rows, seed in [(wanted.rows, 1)] + ([(wanted.large, 2)] if wanted.large > wanted.rows else []):
        data = hr_data(tmp("data.%d" % rows), rows, seed)
        sets.append((data, oracle.folder(data)))
    for kind in databases():
        best = BULK[kind][0]
        chosen = [(mode, bulk) for bulk in BULK[kind] for mode in ("pieces", "once") if wanted.ways == "every" or bulk in wanted.ways.split(",")]
        for mode, bulk in (("pieces", best), ("once", best), ("pieces", "values")) if wanted.ways == "best" else chosen:
            pipeline = hr_pipeline(tmp("%s.%s.%s.yaml" % (kind, mode, bulk)), "{ rows: %d }" % wanted.piece if mode == "pieces" else "step", bulk=bulk)
            paces = []
            for data, tables in sets:
                db = newdb(kind)
                begin = time.monotonic()
                run(pipeline, "--set", "data=" + data, db=db)
                paces.append(time.monotonic() - begin)
                compare.everything(db, tables, 1)
                dropdb(db)
            points, hits, done, each = [], 0, 0, max(10, wanted.kills // wanted.loads)
            while done < wanted.loads or hits < wanted.kills:
                check(done < 10 * wanted.loads + 20, "%s, %s: only %d kills in %d loads" % (kind, mode, hits, done))
                which = 1 if len(sets) > 1 and done == wanted.loads // 2 else 0
                data, tables = sets[which]
                hits += load(kind, pipeline, data, tables, paces[which], each, mode == "pieces", points)
                done += 1
            spread = [0] * 10
            for *_, tenth in points:
                spread[tenth] += 1
            print("%s, %s, bulk: %s: %d kills met a living process, at %d distinct points, in %d loads; by tenths of %s: %s" %
                  (kind, mode, bulk, hits, len(set(points)), done, "the rows" if mode == "pieces" else "the time", " ".join(map(str, spread))))
            check(hits >= wanted.kills, "%s, %s: %d kills wanted, %d hit" % (kind, mode, wanted.kills, hits))


main(test)
