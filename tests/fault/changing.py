"""usage: changing.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import oracle
from harness import check, databases, equal, hr_data, hr_pipeline, kill, main, newdb, run, start, tmp

rows = int(sys.argv[1])


def change(path, how):
    if how == "grows":
        with open(path, "a") as file:
            file.write("%d,Late Comer,2021-01-01T00:00:00Z,1,1\n" % (rows + 1))
    elif how == "shrinks":
        os.truncate(path, os.path.getsize(path) * 3 // 4)
    else:
        # Written over in place: same size, other content at its end.
        with open(path, "r+b") as file:
            file.seek(-20, os.SEEK_END)
            file.write(b"9")


def test():
    original = hr_data(tmp("original"), rows, 19)
    total = oracle.folder(original)["hired_employees"].books.written
    for kind in databases():
        for mode, commit in (("pieces", "{ rows: 1000 }"), ("once", "step")):
            pipeline = hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit)
            begin = time.monotonic()
            run(pipeline, "--set", "data=" + original, db=newdb(kind))
            pace = time.monotonic() - begin
            for how in ("grows", "shrinks", "is written over"):
                hit = False
                for part in (0.4, 0.3, 0.5, 0.2, 0.6, 0.15):
                    data = tmp("data")
                    shutil.rmtree(data, ignore_errors=True)
                    shutil.copytree(original, data)
                    db = newdb(kind)
                    process = start("run", pipeline, "--set", "data=" + data, "--step", "departments", db=db)
                    equal(process.wait(), 0, "the first step")
                    equal(start("run", pipeline, "--set", "data=" + data, "--step", "jobs", db=db).wait(), 0, "the second step")
                    process = start("run", pipeline, "--set", "data=" + data, "--step", "hired_employees", db=db, stderr=tmp("stderr"))
                    time.sleep(pace * part)
                    if not kill(process, signal.SIGSTOP):
                        continue
                    change(os.path.join(data, "hired_employees.csv"), how)
                    kill(process, signal.SIGCONT)
                    code = process.wait()
                    with open(tmp("stderr"), errors="replace") as file:
                        text = file.read()
                    if code == 0:
                        # Everything had been read when it changed.
                        continue
                    what = "%s, %s, a source that %s" % (kind, mode, how)
                    check(code in (2, 4), "%s: exit %d: %s" % (what, code, text))
                    check("hired_employees.csv" in text, "%s: the message names the file: %s" % (what, text))
                    seen = db.count("hired_employees")
                    check(seen == 0 if mode == "once" else seen <= total, "%s: %d rows are visible" % (what, seen))
                    shutil.copy(os.path.join(original, "hired_employees.csv"), data)
                    run(pipeline, "--set", "data=" + data, db=db)
                    equal(db.count("hired_employees"), total, what + ": rows in the end")
                    hit = True
                    break
                check(hit, "%s, %s: the source could not be changed in time" % (kind, mode))
            print("%s, %s: grew, shrank, was written over" % (kind, mode))


main(test)
