"""usage: rss.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import FULL, check, databases, equal, hr_data, hr_pipeline, main, newdb, peak, step_of, tmp

rows = int(sys.argv[1])


def test():
    sets = [(count, hr_data(tmp("data.%d" % count), count, 12)) for count in (rows, 10 * rows)]
    modes = (("auto", None), ("pieces", "{ rows: 100000 }"), ("once", "step"))
    for kind in databases():
        for mode, commit in modes if FULL else modes[:1]:
            pipeline = hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit)
            most = []
            for count, data in sets:
                db = newdb(kind)
                done, mib = peak(pipeline, "--set", "data=" + data, db=db)
                equal(step_of(done.json, "hired_employees")["read"], count, "records read")
                most.append(mib)
                if kind == "sqlite":
                    os.unlink(db.path)
            text = "%s, %s: %.1f MiB at %d rows, %.1f MiB at %d" % (kind, mode, most[0], sets[0][0], most[1], sets[1][0])
            print(text)
            # The smaller of the two fills its pool and its key sets only where it is large enough: that is what --full is for.
            if FULL:
                check(most[1] <= 1.1 * most[0], text)
            check(max(most) <= 64, text)


main(test)
