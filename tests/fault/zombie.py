"""usage: zombie.py ROWS TIMES

The first run is stopped (SIGSTOP) and its sessions are ended by the server, as after a break of the network; a second run takes the
step over; then the first goes on.
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import check, equal, hr_data, hr_pipeline, kill, main, newdb, run, start, tmp, until_done

rows, times = int(sys.argv[1]), int(sys.argv[2])
seed = int(os.environ.get("PENSTOCK_TEST_SEED", "0")) or int(time.time())
dice = random.Random(seed)

SUMS = "select sum(written_rows), sum(rejected_rows) from penstock_runs"


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % seed)
    data = hr_data(tmp("data"), rows, 17)
    tables = oracle.folder(data)
    for mode, commit in (("pieces", "{ rows: 500 }"), ("once", "step")):
        arguments = [hr_pipeline(tmp(mode + ".yaml"), commit), "--set", "data=" + data]
        begin = time.monotonic()
        undisturbed = newdb("postgresql")
        run(*arguments, db=undisturbed)
        pace = time.monotonic() - begin
        done = tries = 0
        ends = []
        while done < times:
            tries += 1
            check(tries < 5 * times + 10, "%s: only %d zombies" % (mode, done))
            db = newdb("postgresql")
            zombie = start("run", *arguments, db=db, stderr=tmp("zombie"))
            time.sleep(pace * dice.uniform(0.15, 0.75))
            if not kill(zombie, signal.SIGSTOP):
                continue
            db.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
                     "and application_name not like 'psql%'")
            # Sometimes the second has ended when the first wakes up, sometimes both go on together.
            together = done % 2 == 1
            if together:
                second = start("run", *arguments, db=db, stderr=tmp("second"))
                time.sleep(pace * dice.uniform(0.0, 0.5))
                kill(zombie, signal.SIGCONT)
                codes = (zombie.wait(), second.wait())
            else:
                until_done(*arguments, db=db)
                kill(zombie, signal.SIGCONT)
                codes = (zombie.wait(), 0)
            for code, name in zip(codes, ("zombie", "second")):
                if code not in (0, 5, 7):
                    with open(tmp(name), errors="replace") as file:
                        check(False, "%s: the %s ended %d: %s" % (mode, name, code, file.read()[-2000:]))
            if 0 not in codes:
                until_done(*arguments, db=db)
            compare.rows(db, tables)
            compare.rejects(db, tables)
            equal(db.query(SUMS), undisturbed.query(SUMS), "%s: written and rejected over all attempts, which ended %s" % (mode, codes))
            ends.append(codes)
            done += 1
        print("%s: %d zombies; they and their successors ended %s" % (mode, done, " ".join("%d/%d" % pair for pair in ends)))


main(test)
