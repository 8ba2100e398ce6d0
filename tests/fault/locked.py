"""usage: locked.py SECONDS      lock_timeout; 30, the default, is left out of the pipeline

SPDX-License-Identifier: Apache-2.0
"""
import os
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import TOP, check, databases, equal, hr_data, hr_pipeline, main, newdb, penstock, run, tmp, wait_until

seconds = int(sys.argv[1])
READ = """version: 1
name: read
dictionary: %s/examples/hr/datapackage.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}", lock_timeout: 2s } }
source: { type: odbc, connection: db, query: "select id, name as job from hired_employees" }
rules: { table: jobs }
sink: { type: avro, path: "%s" }
"""


class Lock:
    """Somebody else who holds the database (SQLite) or the table (PostgreSQL, MariaDB)."""

    def __init__(self, db):
        if db.kind == "sqlite":
            self.connection = sqlite3.connect(db.path, isolation_level=None, check_same_thread=False)
            self.connection.execute("begin exclusive")
            self.session = None
        elif db.kind == "mariadb":
            self.session = subprocess.Popen(db.mariadb("--unbuffered"), env=db.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.session.stdin.write(b"lock tables hired_employees write; select 'locked' as it_is;\n")
            self.session.stdin.flush()
            for line in self.session.stdout:
                if b"locked</field>" in line:
                    break
            else:
                check(False, "the lock")
        else:
            self.session = subprocess.Popen(db.psql("-c", "begin; lock table hired_employees in access exclusive mode; select pg_sleep(600)"),
                                            env=db.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: db.value("select count(*) from pg_locks where relation = 'hired_employees'::regclass "
                                        "and mode = 'AccessExclusiveLock' and granted") == "1", 10, "the lock")
            self.db = db

    def release(self):
        if self.session is None:
            self.connection.execute("rollback")
            self.connection.close()
        elif self.session.stdin:
            # The end of its input is the end of its session.
            self.session.communicate()
        else:
            self.db.query("select pg_terminate_backend(pid) from pg_locks where relation = 'hired_employees'::regclass "
                          "and mode = 'AccessExclusiveLock' and granted")
            self.session.wait()


def test():
    data, more = hr_data(tmp("data"), 300, 7), hr_data(tmp("more"), 400, 8)
    pipeline = hr_pipeline(tmp("load.yaml"), "step")
    short, patient = tmp("short.yaml"), tmp("patient.yaml")
    for path, timeout in ((short, seconds), (patient, 60)):
        with open(pipeline) as file:
            text = file.read()
        if timeout != 30:
            text = text.replace('"${PENSTOCK_DB}" }', '"${PENSTOCK_DB}", lock_timeout: %ds }' % timeout)
        with open(path, "w") as file:
            file.write(text)
    for kind in databases():
        db = newdb(kind)
        run(short, "--set", "data=" + data, db=db)
        before = compare.snapshot(db)
        lock = Lock(db)
        begin = time.monotonic()
        done = penstock("run", short, "--set", "data=" + more, db=db)
        waited = time.monotonic() - begin
        with open(tmp("read.yaml"), "w") as file:
            file.write(READ % (TOP, tmp("read.avro")))
        begin = time.monotonic()
        read = penstock("run", tmp("read.yaml"), db=db)
        reading = time.monotonic() - begin
        lock.release()
        equal(read.code, 5, "%s, a query of what is locked: %s" % (kind, read.tail()))
        check(1.6 < reading < 3.9, "%s: a query waited %.1f s, where lock_timeout is 2 s" % (kind, reading))
        equal(done.code, 5, "%s, locked: %s" % (kind, done.tail()))
        check("lock" in done.err.lower(), "%s: the message says that it is locked: %s" % (kind, done.err))
        check("db" in done.err, "%s: the message names the connection: %s" % (kind, done.err))
        check(waited > seconds * 0.8, "%s: given up after %.1f s, before lock_timeout of %d s" % (kind, waited, seconds))
        equal(compare.snapshot(db)[0]["hired_employees"], before[0]["hired_employees"], "%s: rows while it was locked" % kind)

        lock = Lock(db)
        threading.Timer(1.5, lock.release).start()
        run(patient, "--set", "data=" + more, db=db)
        print("%s: exit 5 after %.1f s with a lock_timeout of %d s; waited for where it went away" % (kind, waited, seconds))
        existing = {key for key in oracle.folder(data)["hired_employees"].rows}
        second = oracle.judge("hired_employees", more + "/hired_employees.csv", oracle.folder(data), existing=existing)
        equal(db.count("hired_employees"), len(existing | set(second.rows)), "%s: rows in the end" % kind)


main(test)
