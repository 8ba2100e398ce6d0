"""usage: limits.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import check, databases, equal, hr_data, hr_pipeline, interrupt, main, newdb, penstock, run, step_of, tmp, until_done

rows = int(sys.argv[1])


def state(db):
    return (db.count("hired_employees"), sorted(int(row[0]) for row in db.query(
        "select record_no from penstock_rejects where %s and step = 'hired_employees'" % compare.published(db, True))))


def test():
    data = hr_data(tmp("data"), rows, 21, "--missing-name", "3%")
    table = oracle.folder(data)["hired_employees"]
    bad = table.books.rejected
    for kind in databases():
        for what, most, whole in (("a number", str(bad // 2), False), ("a share", "2%", True), ("a number that is enough", str(bad), None)):
            pipeline = hr_pipeline(tmp("load.yaml"), "{ rows: %d }" % (rows // 20), max_rejects=most)
            arguments = [pipeline, "--set", "data=" + data]
            code = 0 if whole is None else 3
            calm = newdb(kind)
            run(*arguments, db=calm, code=code)
            wanted = state(calm)
            if whole is not None:
                check(wanted[0] > 0, "%s, %s: what was committed stays" % (kind, what))
            if whole is False:
                check(wanted[0] < table.books.written and len(wanted[1]) < bad, "%s, %s: it stops where the number is passed: %d rows, %d rejects" %
                      (kind, what, wanted[0], len(wanted[1])))
            elif whole:
                equal(wanted, (table.books.written, [int(reject.record_no) for reject in table.rejects]), "%s, %s: it is judged at the end" % (kind, what))
            # The same with deaths on the way; the limit is not forgotten by any of them.
            for part in (0.4, 0.7):
                db = newdb(kind)
                interrupt_code(db, arguments, part, code)
                seen = state(db)
                done = until_done(*arguments, db=db, code=code)
                step = step_of(done.json, "hired_employees")
                check(code == 0 or "max_rejects" in done.err, "%s, %s: the message names the limit: %s" % (kind, what, done.err))
                equal(state(db), wanted, "%s, %s: after a death at %.1f with %d rows: rows and rejects" % (kind, what, part, seen[0]))
                # Once more: still refused, or nothing to do.
                done = penstock("run", *arguments, "--json", db=db)
                check(done.code == code, "%s, %s: once more: %s" % (kind, what, done.tail()))
                equal(state(db)[0], wanted[0], "%s, %s: rows after once more" % (kind, what))
            print("%s, %s: exit %d, %d rows, %d rejects" % (kind, what, code, wanted[0], len(wanted[1])))


def interrupt_code(db, arguments, part, code):
    """Like harness.interrupt, for loads that end with another exit status."""
    from harness import build_shim, last_line
    shim, log = build_shim("shim_die"), tmp("count.log")
    if os.path.exists(log):
        os.unlink(log)
    run(*arguments, db=newdb(db.kind), env={"SHIM_DIE_LOG": log}, preload=shim, code=code)
    at = max(1, int(int(last_line(log).split()[1]) * part))
    done = penstock("run", *arguments, db=db, env={"SHIM_DIE_AT": str(at)}, preload=shim)
    equal(done.code, 137, "the load was to be interrupted: " + done.tail())


main(test)
