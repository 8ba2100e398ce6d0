"""Lets penstock die at the n-th write-like call (tests/support/shim_die.c) of a load of a table that refers to itself, then runs it to the end and compares
with the model of tests/golden/self_references.py.

usage: self_kill.py RECORDS POINTS
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/golden"))
import self_references as itself
from harness import build_shim, check, databases, dropdb, equal, fail, last_line, main, penstock, run, tmp, until_done

RECORDS, POINTS = int(sys.argv[1]), int(sys.argv[2])


def die(kind, keys, file, wanted, at, shim):
    """One death at call number at; what died, or None where the load has fewer calls."""
    held = itself.HELD if keys != "made" else ()
    db = itself.prepare(kind, keys, held)
    log = tmp("log")
    if os.path.exists(log):
        os.unlink(log)
    done = penstock("run", file, "--json", db=db, cwd=tmp(), env={"SHIM_DIE_AT": str(at), "SHIM_DIE_LOG": log}, preload=shim)
    if done.code == 0:
        check(last_line(log).startswith("survived"), "the shim was not there: " + last_line(log))
        dropdb(db)
        return None
    equal(done.code, 137, "%s, call %d: the run dies of SIGKILL; %s" % (kind, at, done.tail()))
    what = re.fullmatch(r"died (\d+) (\w+) (.*)", last_line(log)).group(2)
    try:
        rows = db.count("unit")
        check(rows in (len(held), len(wanted[0])), "%d rows are there, neither none nor all of %d" % (rows, len(wanted[0])))
        until_done(file, db=db, cwd=tmp())
        itself.compare("%s, keys %s" % (kind, keys), db, wanted)
    except Exception as bad:
        fail("after death at call %d (%s), then a run to the end: %s" % (at, what, bad))
    dropdb(db)
    return what


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % itself.seed)
    shim = build_shim("shim_die")
    for kind in databases():
        for keys in ("made", True, False):
            held = itself.HELD if keys != "made" else ()
            dice = random.Random("%d/kill/%s" % (itself.seed, keys))
            records = itself.records_of(dice, RECORDS, "any", held, bad=keys != "made", twice=keys == "made")
            itself.write(tmp("units.csv"), records)
            wanted = itself.model(records, "append", held)
            file = itself.pipeline()
            log = tmp("count")
            db = itself.prepare(kind, keys, held)
            run(file, db=db, cwd=tmp(), env={"SHIM_DIE_LOG": log}, preload=shim)
            itself.compare("%s, undisturbed" % kind, db, wanted)
            dropdb(db)
            total = int(last_line(log).split()[1])
            os.unlink(log)
            points = {}
            for at in sorted({1 + at * (total - 1) // (POINTS - 1) for at in range(POINTS)}):
                what = die(kind, keys, file, wanted, at, shim)
                if what:
                    points[at] = what
            print("%s, keys %s: died at %d distinct points of about %d" % (kind, keys, len(points), total))
            check(2 * len(points) >= POINTS, "%s, keys %s: %d distinct points wanted" % (kind, keys, POINTS // 2))


main(test)
