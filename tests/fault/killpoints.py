"""Lets penstock die at the n-th write-like call (tests/support/shim_die.c), then runs it to the end and compares.

usage: killpoints.py ROWS SAMPLE OTHERS LEAST
SPDX-License-Identifier: Apache-2.0
"""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import BULK, FULL, build_shim, check, databases, dropdb, equal, fail, hr_data, hr_pipeline, last_line, main, newdb, penstock, run, tmp, until_done

rows, sample, least = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4])
others = None if sys.argv[3] == "none" else int(sys.argv[3])
END = {"pieces": 0, "once": 0, "over": 3}


def ended(db, arguments, tables, mode):
    """Runs to the end, which is a refusal (exit 3) where the step has more rejects than it may; compares with an undisturbed run."""
    if mode != "over":
        compare.finished(until_done(*arguments, db=db), tables)
        compare.everything(db, tables)
        return
    until_done(*arguments, db=db, code=3)
    equal(db.count("hired_employees"), 0, "rows of a step over its limit")
    compare.rows(db, {name: tables[name] for name in ("departments", "jobs")})
    compare.rejects(db, tables, flag=False)


def die(kind, shim, arguments, tables, mode, at, torn, points):
    """One death at call number at; False where the load has fewer calls."""
    db = newdb(kind)
    log = tmp("log")
    if os.path.exists(log):
        os.unlink(log)
    env = {"SHIM_DIE_AT": str(at), "SHIM_DIE_LOG": log}
    if torn:
        env["SHIM_DIE_TORN"] = "1"
    done = penstock("run", *arguments, "--json", db=db, env=env, preload=shim)
    if done.code == END[mode]:
        check(last_line(log).startswith("survived"), "the shim was not there: " + last_line(log))
        dropdb(db)
        return False
    equal(done.code, 137, "%s, call %d: the run dies of SIGKILL; %s" % (kind, at, done.tail()))
    match = re.fullmatch(r"died (\d+) (\w+) (.*)", last_line(log))
    check(match, "the shim wrote %r" % last_line(log))
    path = match.group(3)
    what = "socket" if path.startswith("socket:") else re.sub(r"/proc/\d+", "/proc/self", re.sub(r"^.*/db\d+\.sqlite", "database", path))
    points[at, torn] = "%s %s" % (match.group(2), what)
    try:
        ended(db, arguments, tables, mode)
    except Exception as bad:
        fail("after death at call %d (%s%s), then a run to the end: %s" % (at, points[at, torn], ", torn" if torn else "", bad))
    dropdb(db)
    return True


def test():
    shim = build_shim("shim_die")
    data = hr_data(tmp("data"), rows, 3)
    tables = oracle.folder(data)
    for kind in databases():
        modes = (("pieces", "{ rows: 250 }", None), ("once", "step", None), ("over", "step", "0"))
        for bulk, (mode, commit, most) in [(bulk, mode) for bulk in (BULK[kind][:1] if others is None else BULK[kind]) for mode in modes]:
            pipeline = hr_pipeline(tmp("%s.%s.%s.yaml" % (kind, mode, bulk)), commit, max_rejects=most, bulk=bulk)
            arguments = [pipeline, "--set", "data=" + data]
            log = tmp("count")
            db = newdb(kind)
            run(*arguments, db=db, env={"SHIM_DIE_LOG": log}, preload=shim, code=END[mode])
            ended(db, arguments, tables, mode)
            total = int(last_line(log).split()[1])
            os.unlink(log)
            check(total >= least, "a load of %d rows has only %d write-like calls" % (rows, total))
            taken = sample if bulk == BULK[kind][0] else others
            if taken and taken < total:
                chosen = sorted({1 + at * (total - 1) // (taken - 1) for at in range(taken)})
            else:
                chosen = range(1, total + 1)
            points = collections.OrderedDict()
            for at in chosen:
                for torn in ((False, True) if FULL else (at % 2 == 0,)):
                    die(kind, shim, arguments, tables, mode, at, torn, points)
            distinct = {at for at, _ in points}
            print("%s, %s, bulk: %s: died at %d distinct points of about %d (%d deaths): %s" % (kind, mode, bulk, len(distinct), total, len(points),
                  ", ".join("%s %d" % pair for pair in sorted(collections.Counter(points.values()).items()))))
            check(len(distinct) >= least, "%s, %s, bulk: %s: %d distinct points wanted" % (kind, mode, bulk, least))


main(test)
