"""usage: signals.py ROWS TIMES

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
from harness import check, databases, equal, hr_data, hr_pipeline, kill, main, newdb, run, start, tmp, until_done

rows, times = int(sys.argv[1]), int(sys.argv[2])
seed = int(os.environ.get("PENSTOCK_TEST_SEED", "0")) or int(time.time())
dice = random.Random(seed)


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % seed)
    # Under nohup it is ignored, by what this starts, too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    data = hr_data(tmp("data"), rows, 11)
    tables = oracle.folder(data)
    total = tables["hired_employees"].books.written
    for kind in databases():
        for mode, commit in (("pieces", "{ rows: 1000 }"), ("once", "step")):
            arguments = [hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit), "--set", "data=" + data]
            begin = time.monotonic()
            run(*arguments, db=newdb(kind))
            pace = time.monotonic() - begin
            hits = tries = 0
            while hits < times:
                tries += 1
                check(tries < 5 * times + 10, "%s, %s: only %d signals met a run" % (kind, mode, hits))
                number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[hits % 3]
                db = newdb(kind)
                process = start("run", *arguments, db=db, stderr=tmp("stderr"))
                time.sleep(pace * dice.uniform(0.1, 0.8))
                sent = kill(process, number)
                code = process.wait()
                if not sent or code == 0:
                    continue
                what = "%s, %s, %s" % (kind, mode, number.name)
                with open(tmp("stderr"), errors="replace") as file:
                    equal(code, 128 + number, "%s: exit: %s" % (what, file.read()[-2000:]))
                seen = db.count("hired_employees")
                check(mode == "pieces" or seen in (0, total), "%s: %d rows of a step that commits once" % (what, seen))
                if "penstock_runs" in db.tables():
                    for run_id, status, read, written, rejected, skips, stored, _ in compare.runs(db):
                        equal((status, int(stored)), ("cancelled", code), "%s: status and exit_code of the run" % what)
                        equal(int(written) + int(rejected) + int(skips), int(read), "%s: books of the run" % what)
                compare.finished(until_done(*arguments, db=db), tables)
                compare.everything(db, tables)
                hits += 1
            print("%s, %s: %d signals" % (kind, mode, hits))


main(test)
