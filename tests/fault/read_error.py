"""usage: read_error.py ROWS

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import build_shim, check, databases, equal, hr_data, hr_pipeline, last_line, main, newdb, penstock, run, skipped, step_of, tmp, until_done

CSV = "hired_employees.csv"
MOST = 12  # places in a file where reading fails
rows = int(sys.argv[1])


def count_reads(shim, arguments, db):
    """How many reads of the large file a load without trouble makes."""
    log = tmp("reads.log")
    run(*arguments, db=db, env={"SHIM_EIO_PATH": CSV, "SHIM_EIO_LOG": log}, preload=shim)
    name, number = last_line(log).split()
    equal(name, "reads", "what the shim saw")
    return int(number)


def fails(shim, arguments, db, at, what):
    """A run whose at-th read of the large file fails. Gives the byte it was at."""
    log = tmp("fails.log")
    done = penstock("run", *arguments, "--json", db=db, env={"SHIM_EIO_PATH": CSV, "SHIM_EIO_AT": str(at), "SHIM_EIO_LOG": log}, preload=shim)
    equal(done.code, 4, "%s: exit; %s" % (what, done.tail()))
    failed = re.fullmatch(r"failed %d p?read (\d+)" % at, last_line(log))
    check(failed, "%s: the shim wrote %r" % (what, last_line(log)))
    says = r"/%s: cannot read at byte %s: Input/output error" % (re.escape(CSV), failed.group(1))
    check(re.search(says, done.err), "%s: the message names the file, byte %s and the reason: %s" % (what, failed.group(1), done.err))
    step = step_of(done.json, "hired_employees")
    equal([done.json["status"], step["status"]], ["failed", "failed"], "%s: status" % what)
    equal(step["written"] + step["rejected"] + step["skipped"], step["read"], "%s: books" % what)
    return int(failed.group(1))


def places(total, most):
    """Some of the reads from the first to the last, which finds the end of the file."""
    return sorted({1 + (total - 1) * n // (most - 1) for n in range(most)})


def test():
    shim = build_shim("shim_eio")
    data = hr_data(tmp("data"), rows, 21)
    tables = oracle.folder(data)
    size = os.path.getsize(os.path.join(data, CSV))
    for kind in databases():
        for mode, commit in (("pieces", "{ rows: 3000 }"), ("once", "step")):
            arguments = [hr_pipeline(tmp("%s.%s.yaml" % (kind, mode)), commit), "--set", "data=" + data]
            total = count_reads(shim, arguments, newdb(kind))
            seen, partly = set(), 0
            for at in places(total, MOST // 2 if kind == "mariadb" else MOST):  # it takes its time for new tables
                db = newdb(kind)
                what = "%s, %s, read %d of %d" % (kind, mode, at, total)
                byte = fails(shim, arguments, db, at, what)
                check(byte not in seen and byte <= size, "%s: byte %d was seen before, or is behind the end" % (what, byte))
                seen.add(byte)
                there = db.count("hired_employees")
                if mode == "once":
                    equal(there, 0, "%s: rows of a step that commits once" % what)
                partly += 0 < there < tables["hired_employees"].books.written
                # Twice in a row, the second time among the bytes that were read before.
                if there and at > 2:
                    byte = fails(shim, arguments, db, 2, what + ", then read 2")
                    equal(db.count("hired_employees"), there, "%s, then read 2: rows" % what)
                done = until_done(*arguments, db=db)
                compare.finished(done, tables)
                equal(skipped(step_of(done.json, "hired_employees")).get("already_committed", 0) > 0, there > 0,
                      "%s: the rerun goes on where the first had committed" % what)
                compare.everything(db, tables)
            check(max(seen) == size, "%s, %s: the end of the file is read, too" % (kind, mode))
            check(len(seen) >= 4, "%s, %s: reading failed at only %d places" % (kind, mode, len(seen)))
            check(partly > 0 or mode == "once", "%s: no failure left a part of the table" % kind)
            print("%s, %s: reading failed at %d bytes from %d to %d" % (kind, mode, len(seen), min(seen), max(seen)))

        # A loaded file under another time of change is hashed, and that fails.
        arguments = [hr_pipeline(tmp("again.yaml")), "--set", "data=" + data]
        db = newdb(kind)
        os.utime(os.path.join(data, CSV), (1, 1))
        run(*arguments, db=db)
        os.utime(os.path.join(data, CSV), (2, 2))
        total = count_reads(shim, arguments, db)
        os.utime(os.path.join(data, CSV), (3, 3))
        before = compare.snapshot(db)
        for at in (1, (total + 1) // 2, total):
            fails(shim, arguments, db, at, "%s, hashed again, read %d of %d" % (kind, at, total))
            equal(compare.snapshot(db), before, "%s: rows and rejects" % kind)
        done = run(*arguments, db=db)
        equal(skipped(step_of(done.json, "hired_employees")), {"already_loaded": rows}, "%s: loaded before" % kind)
        equal(compare.snapshot(db), before, "%s: rows and rejects" % kind)


main(test)
