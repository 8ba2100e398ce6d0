"""Loses COMMITs, or their answers, between penstock and PostgreSQL or MariaDB, and compares the end with the oracle.

usage: lost_commit.py ROWS SAMPLE LEAST
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import FULL, Db, check, databases, equal, fail, hr_data, hr_pipeline, main, newdb, run, tmp, until_done
from pgproxy import AFTER, BEFORE, Proxy

rows, sample, least = (int(text) for text in sys.argv[1:4])


def through(db, proxy):
    """The same database, seen through the proxy."""
    return Db(db.connect.replace("Port=" + db.parts["Port"], "Port=%d" % proxy.port))


def lose(kind, proxy, arguments, tables, at, how, refuse=False):
    """One load that loses commit number at; its exit status, or None where the load has fewer."""
    db = newdb(kind)
    proxy.arm(at, how, refuse)
    done = run(*arguments, db=through(db, proxy), code=(5,) if refuse else (0, 5))
    if not proxy.broke:
        return None
    code = done.code
    check("Pwd" not in done.err and db.parts["Pwd"] not in done.err, "the password stands in the messages")
    if done.code == 5:
        check("db" in done.err, "the message names the connection: " + done.err)
        done = until_done(*arguments, db=db)
    try:
        compare.finished(done, tables)
        compare.everything(db, tables)
    except Exception as bad:
        fail("commit %d lost (%s, the run ended %d): %s" % (at, how, code, bad))
    return code


def one(kind, data, tables):
    server = newdb(kind).parts
    proxy = Proxy(server["Server"], server["Port"], kind)
    lost = 0
    for mode, commit in (("pieces", "{ rows: 250 }"), ("once", "step")):
        arguments = [hr_pipeline(tmp(mode + ".yaml"), commit), "--set", "data=" + data]
        db = newdb(kind)
        proxy.arm(0, None)
        run(*arguments, db=through(db, proxy))
        compare.everything(db, tables, 1)
        total = proxy.commits
        check(total >= 3, "%s, %s: the proxy saw only %d commits" % (kind, mode, total))
        chosen = range(1, total + 1)
        if sample and sample < total:
            chosen = sorted({1 + at * (total - 1) // (sample - 1) for at in range(sample)})
        for how in (BEFORE, AFTER):
            codes = [lose(kind, proxy, arguments, tables, at, how) for at in chosen]
            codes = [code for code in codes if code is not None]
            lost += len(codes)
            print("%s, %s, %s: %d of %d commits lost; %d runs ended 0, %d ended 5" %
                  (kind, mode, how + (" it arrived" if how == BEFORE else " it was done"), len(codes), total, codes.count(0), codes.count(5)))
        # And the server does not come back in this run; that takes as long as its patience.
        if not FULL and (mode == "once" or kind == "mariadb"):
            continue
        equal(lose(kind, proxy, arguments, tables, max(1, total - 2), AFTER, refuse=True), 5, kind + ": a server that stays away")
        lost += 1
    check(lost >= least, "%s: %d lost commits wanted, %d seen" % (kind, least, lost))


def test():
    data = hr_data(tmp("data"), rows, 5)
    tables = oracle.folder(data)
    for kind in databases():
        if kind != "sqlite":
            one(kind, data, tables)


main(test)
