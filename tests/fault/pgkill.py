"""Kills a PostgreSQL of its own under a load, starts it again, lets penstock finish or runs it again, and compares.

usage: pgkill.py KILLS ROWS
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import Done, Server, check, fail, hr_data, hr_pipeline, main, run, start, tmp

kills, rows = int(sys.argv[1]), int(sys.argv[2])
seed = int(os.environ.get("PENSTOCK_TEST_SEED", "0")) or int(time.time())
dice = random.Random(seed)


def load(server, pipeline, data, tables, pace, many):
    """One load during which the server dies up to many times; gives how often it did while penstock was running."""
    db = server.newdb()
    arguments = [pipeline, "--set", "data=" + data, "--json"]
    deaths, codes, attempts = 0, [], 0
    while True:
        attempts += 1
        check(attempts < 50, "no end after %d attempts; exits so far: %s" % (attempts, codes))
        process = start("run", *arguments, db=db, stdout=tmp("stdout"), stderr=tmp("stderr"))
        # The process may live through several deaths, by connecting again.
        while deaths < many and process.poll() is None:
            time.sleep(pace * dice.uniform(0.05, 0.7))
            if process.poll() is not None:
                break
            server.kill()
            alive = process.poll() is None
            server.start()
            deaths += alive
        code = process.wait()
        codes.append(code)
        if code == 0:
            break
        if code == 7:
            time.sleep(0.2)
            continue
        if code != 5:
            with open(tmp("stderr"), errors="replace") as file:
                fail("with the server killed a run ends 0 or 5, not %d: %s" % (code, file.read()[-2000:]))
    with open(tmp("stdout")) as file:
        compare.finished(Done(0, file.read(), "", "run"), tables)
    compare.everything(db, tables)
    return deaths, codes


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % seed)
    data = hr_data(tmp("data"), rows, 4)
    tables = oracle.folder(data)
    server = Server(tmp("server"))
    server.start()
    try:
        total, codes = 0, []
        for mode, commit in (("pieces", "{ rows: 2000 }"), ("once", "step")):
            pipeline = hr_pipeline(tmp(mode + ".yaml"), commit)
            db = server.newdb()
            begin = time.monotonic()
            run(pipeline, "--set", "data=" + data, db=db)
            pace = time.monotonic() - begin
            deaths = loads = 0
            while deaths < (kills + 1) // 2:
                loads += 1
                check(loads < 10 + kills, "the server could be killed only %d times under load" % deaths)
                more, ends = load(server, pipeline, data, tables, pace, min(5, (kills + 1) // 2 - deaths))
                deaths += more
                codes += ends
            total += deaths
        print("%d deaths of the server under load; the runs ended %s" % (total, " ".join(map(str, codes))))
        check(total >= kills, "%d deaths wanted" % kills)
    finally:
        server.stop()


main(test)
