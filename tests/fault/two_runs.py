"""SPDX-License-Identifier: Apache-2.0"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import check, databases, equal, fail, hr_data, hr_pipeline, kill, main, newdb, penstock, run, start, tmp, wait_until

ROWS = 100000


def running(db):
    """The run that is under way, as the database knows it."""
    if not db.exists() or "penstock_runs" not in db.tables():
        return None
    rows = db.query("select run_id from penstock_runs where status = 'running'")
    return rows[0][0] if rows else None


def test():
    data = hr_data(tmp("data"), ROWS, 10)
    tables = oracle.folder(data)
    small = hr_data(tmp("small"), 10, 10)
    for kind in databases():
        for mode, commit in (("pieces", "{ rows: 2000 }"), ("once", "step")):
            pipeline = hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit)
            other = hr_pipeline(tmp("other.yaml"), commit, name="other")
            arguments = [pipeline, "--set", "data=" + data]
            db = newdb(kind)
            # The tables are there, so that nothing has to be made while the first is stopped.
            run(pipeline, "--set", "data=" + small, db=db)
            base = db.count("hired_employees")
            process = start("run", *arguments, "--step", "hired_employees", db=db, stderr=tmp("first"))
            holder = wait_until(lambda: running(db) or process.poll() is not None, 30, "the first run")
            check(holder is not True, "the first run ended at once")
            if mode == "pieces":
                wait_until(lambda: db.count("hired_employees") > base or process.poll() is not None, 30, "the first rows")
            else:
                if kind == "mariadb":
                    wait_until(lambda: db.value("select count(*) from penstock_checkpoints where claimed_by = '%s'" % holder) != "0" or process.poll() is not None,
                               30, "the first run's claim")
                time.sleep(0.05)
            # Stopped, it holds what it holds: in the middle of a transaction as likely as not.
            if not kill(process, signal.SIGSTOP):
                fail("%s, %s: the first run was too quick" % (kind, mode))
            begin = time.monotonic()
            done = penstock("run", *arguments, "--step", "hired_employees", "--json", db=db)
            what = "%s, %s" % (kind, mode)
            print("%s: exit %d after %.1f s: %s" % (what, done.code, time.monotonic() - begin, done.err.strip().splitlines()[-1:] or ""))
            equal(done.code, 7, what + ": the second run: " + done.tail())
            check(holder in done.err, "%s: the message names the holder %s: %s" % (what, holder, done.err))
            # A dry run does not need the lock where it can read; on SQLite it may have to wait for the writer.
            kill(process, signal.SIGCONT)
            process.wait()
            with open(tmp("first"), errors="replace") as file:
                equal(process.returncode, 0, "%s: the first run, gone on with: %s" % (what, file.read()[-2000:]))
            done = run(*arguments, db=db)
            # small's rows come first in both files' order of loading; ids 1 to 10 were there.
            existing = set(oracle.folder(small)["hired_employees"].rows)
            second = oracle.judge("hired_employees", data + "/hired_employees.csv", tables, existing=existing)
            equal(db.count("hired_employees"), len(existing | set(second.rows)), what + ": rows")
            equal(db.value("select count(*) from penstock_runs where status = 'running'"), "0", what + ": runs still called running")
            # Another pipeline is another lock.
            run(other, "--set", "data=" + small, db=db)


main(test)
