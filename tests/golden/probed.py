"""usage: probed.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import databases, hr_data, hr_pipeline, main, newdb, run, tmp

rows = int(sys.argv[1])


def test():
    data = hr_data(tmp("data"), rows, 20, "--scatter-ids", "--duplicate-id", "3%", "--missing-name", "1%", "--unknown-job", "1%",
                   "--bad-id", "1%", "--quoted", "1%", "--blank", "1%", "--departments", "3000", "--jobs", "9000")
    tables = oracle.folder(data)
    for kind in databases():
        for commit in ("step", "{ rows: 5000 }", None):
            db = newdb(kind)
            run(hr_pipeline(tmp("load.yaml"), commit, limits="{ keys: 64KiB }"), "--set", "data=" + data, db=db)
            compare.everything(db, tables, 1)
            print("%s, %s: %s" % (kind, commit or "auto", tables["hired_employees"].books))


main(test)
