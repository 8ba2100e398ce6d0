"""SPDX-License-Identifier: Apache-2.0"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import PENSTOCK, TOP, check, databases, equal, hr_data, hr_pipeline, main, newdb, penstock, run, tmp


def nobody():
    """Root may write anywhere: then penstock runs as somebody else."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []


def test():
    # Where everybody can read it, whoever owns the checkout.
    program = tmp("penstock")
    shutil.copy(PENSTOCK, program)
    os.chmod(program, 0o755)
    shutil.copy(TOP + "/examples/hr/datapackage.yaml", tmp("datapackage.yaml"))
    data, more = hr_data(tmp("data"), 300, 7), hr_data(tmp("more"), 400, 8)
    pipeline = hr_pipeline(tmp("load.yaml"))
    with open(pipeline) as file:
        text = file.read().replace(TOP + "/examples/hr/datapackage.yaml", tmp("datapackage.yaml"))
    with open(pipeline, "w") as file:
        file.write(text)
    for folder in (tmp(), data, more):
        os.chmod(folder, 0o755)
    arguments = [pipeline, "--set", "data=" + more]

    def refused(db, what, name):
        done = penstock("run", *arguments, db=db, cwd=tmp(), program=program, wrap=nobody())
        equal(done.code, 5, what + ": " + done.tail())
        check(name in done.err, "%s: the message names %s: %s" % (what, name, done.err))

    # A folder in which no file can be made.
    folder = tmp("ro")
    os.mkdir(folder, 0o555)
    db = newdb("sqlite")
    db.connect, db.path = "Driver=SQLite3;Database=%s/new.db" % folder, folder + "/new.db"
    refused(db, "a new database in a read-only folder", "new.db")
    equal(os.listdir(folder), [], "files in the read-only folder")

    # A database that is there: the file read-only, its folder, and both.
    for what, mode, folder_mode in (("a read-only file", 0o444, 0o777), ("a read-only folder", 0o666, 0o555), ("both read-only", 0o444, 0o555)):
        folder = tmp("ro%o%o" % (mode, folder_mode))
        os.mkdir(folder)
        db = newdb("sqlite")
        db.connect, db.path = "Driver=SQLite3;Database=%s/there.db" % folder, folder + "/there.db"
        run(pipeline, "--set", "data=" + data, db=db)
        before = compare.snapshot(db)
        files = sorted(os.listdir(folder))
        os.chmod(db.path, mode)
        if os.path.exists(db.path + "-penstock.lock"):
            os.chmod(db.path + "-penstock.lock", mode)
        os.chmod(folder, folder_mode)
        refused(db, what, "there.db")
        # Looking is still allowed.
        done = penstock("runs", "list", db=db, cwd=tmp(), program=program, wrap=nobody())
        equal(done.code, 0, what + ": runs list: " + done.tail())
        os.chmod(folder, 0o777)
        os.chmod(db.path, 0o666)
        if os.path.exists(db.path + "-penstock.lock"):
            os.chmod(db.path + "-penstock.lock", 0o666)
        equal([name for name in sorted(os.listdir(folder)) if not name.endswith("-penstock.lock")],
              [name for name in files if not name.endswith("-penstock.lock")], what + ": files")
        equal(compare.snapshot(db), before, what + ": rows and rejects")
        run(*arguments, db=db)

    if "postgresql" in databases():
        db = newdb("postgresql")
        run(pipeline, "--set", "data=" + data, db=db)
        before = compare.snapshot(db)
        db.execute("alter database %s set default_transaction_read_only = on" % db.path)
        done = penstock("run", *arguments, db=db)
        equal(done.code, 5, "a read-only database: " + done.tail())
        check("read-only" in done.err, "the message says why: " + done.err)
        db.execute("begin; set transaction read write; alter database %s reset default_transaction_read_only; commit" % db.path)
        equal(compare.snapshot(db), before, "postgresql: rows and rejects")
        run(*arguments, db=db)


main(test)
