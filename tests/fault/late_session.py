"""A server that ends the session of a killed run lets go of its locks one after the other. Here another session, without a name, holds the dead
run's own lock for a while: what it had committed counts all the same.

usage: late_session.py ROWS
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import check, databases, equal, hr_data, hr_pipeline, interrupt, main, newdb, start, tmp, wait_until

rows = int(sys.argv[1])
HELD = 2  # seconds


def name_of(*parts):
    """The first 64 bits of a hash of texts with their lengths, as operations would have to compute it."""
    text = "".join("%d:%s," % (len(part.encode()), part) for part in ("penstock",) + parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hold(db, run_id):
    lock = name_of("run:" + run_id)
    if db.kind == "mariadb":
        words = "select get_lock('penstock.%s.%s', 10);\n" % (name_of(db.path), lock)
        asked = "select is_used_lock('penstock.%s.%s') is not null" % (name_of(db.path), lock)
    else:
        number = int(lock, 16)
        words = "select pg_advisory_lock(%d);\n" % (number - 2**64 if number >= 2**63 else number)
        asked = "select count(*) from pg_locks where locktype = 'advisory' and granted"
    process = subprocess.Popen(db.shell(), env=db.environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.stdin.write(words.encode())
    process.stdin.flush()
    wait_until(lambda: db.value(asked) == "1", 10, "the lock is held")
    return process


def test():
    data = hr_data(tmp("data"), rows, 5)
    tables = oracle.folder(data)
    for kind in databases():
        if kind == "sqlite":
            continue
        db = newdb(kind)
        arguments = [hr_pipeline(tmp(kind + ".yaml"), "{ rows: 250 }"), "--set", "data=" + data]
        interrupt(db, arguments, 0.85)
        dead = db.value("select run_id from penstock_runs")
        committed = db.count("hired_employees")
        check(0 < committed < tables["hired_employees"].books.written, "%s: the load was killed in its middle: %d rows" % (kind, committed))
        # Until the server has given up the dead run's own session there is nothing to hold.
        other = wait_until(lambda: hold(db, dead), 10, "its lock")
        process = start("run", *arguments, "--json", db=db, stdout=tmp("stdout"), stderr=tmp("stderr"))
        time.sleep(HELD)
        check(process.poll() is None, "%s: the run waits for the session of the dead one" % kind)
        other.stdin.close()
        other.wait()
        with open(tmp("stderr"), errors="replace") as file:
            equal(process.wait(timeout=60), 0, "%s: the run that goes on: %s" % (kind, file.read()))
        compare.everything(db, tables)
        print("%s: %d rows of the dead run are in its books" % (kind, committed))


main(test)
