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


def position(process, path):
    """How far the process has read the file, in bytes; nothing while it does not hold it open."""
    folder = "/proc/%d" % process.pid
    try:
        for number in os.listdir(folder + "/fd"):
            if os.readlink("%s/fd/%s" % (folder, number)) == path:
                with open("%s/fdinfo/%s" % (folder, number)) as file:
                    return int(file.readline().split()[1])
    except OSError:
        pass
    return None


def stopped_while_reading(process, path, part):
    """Stops the process when it has read that part of the file; False when it had read on to the end, or ended, by then."""
    size = os.path.getsize(path)
    while process.poll() is None:
        at = position(process, path)
        if at is not None and at >= size * part:
            if not kill(process, signal.SIGSTOP):
                return False
            at = position(process, path)
            if at is not None and at < size * 0.7:
                return True
            kill(process, signal.SIGCONT)
            return False
        time.sleep(0.0005)
    return False


def test():
    original = hr_data(tmp("original"), rows, 19)
    total = oracle.folder(original)["hired_employees"].books.written
    for kind in databases():
        for mode, commit in (("pieces", "{ rows: 1000 }"), ("once", "step")):
            pipeline = hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit)
            for how in ("grows", "shrinks", "is written over"):
                hit = False
                for part in (0.4, 0.3, 0.5, 0.2, 0.1, 0.05) * 3:
                    data = tmp("data")
                    shutil.rmtree(data, ignore_errors=True)
                    shutil.copytree(original, data)
                    db = newdb(kind)
                    process = start("run", pipeline, "--set", "data=" + data, "--step", "departments", db=db)
                    equal(process.wait(), 0, "the first step")
                    equal(start("run", pipeline, "--set", "data=" + data, "--step", "jobs", db=db).wait(), 0, "the second step")
                    process = start("run", pipeline, "--set", "data=" + data, "--step", "hired_employees", db=db, stderr=tmp("stderr"))
                    path = os.path.realpath(os.path.join(data, "hired_employees.csv"))
                    if not stopped_while_reading(process, path, part):
                        process.wait()
                        continue
                    change(path, how)
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
