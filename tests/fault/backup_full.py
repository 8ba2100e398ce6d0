"""A backup onto a full disk: exit 5, earlier backups untouched, nothing half made to be taken for a backup; and right once there is room.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import BACKUP, HR, MIGRATE, backup, fresh, leftovers, manifest
from harness import build_shim, check, databases, equal, hr_data, main, newdb, penstock, run, tmp


def failed(done, folder, keep, what):
    equal(done.code, 5, "%s: %s" % (what, done.tail()))
    check("space" in done.err.lower() or "full" in done.err.lower(), "%s: the message says why: %s" % (what, done.err))
    for name in os.listdir(folder):
        check(name == keep or not os.path.exists(os.path.join(folder, name, "manifest.json")), what + ": a manifest of a failed backup")
    manifest(os.path.join(folder, keep))
    equal(leftovers(folder), [], what + ": files left over")


def test():
    data = hr_data(tmp("data"), 20000, 5)
    shim = build_shim("shim_enospc")
    for kind in databases():
        db = newdb(kind)
        run(MIGRATE, "--set", "data=" + data, db=db)
        folder = fresh("backups." + kind)
        keep = os.path.basename(backup(db, folder))
        hit = 0
        for fits in (0, 1000, 5000, 50000, 200000, 400000):
            done = penstock("run", BACKUP, "--set", "folder=" + folder, db=db, preload=shim,
                            env={"SHIM_FULL_PATH": folder, "SHIM_FULL_AFTER": str(fits)})
            if done.code == 0:
                break
            failed(done, folder, keep, "%s, full after %d bytes" % (kind, fits))
            hit += 1
        check(hit >= 3, "%s: the disk was full only %d times" % (kind, hit))
        equal(penstock("verify", os.path.join(folder, keep)).code, 0, "verify of the earlier backup")
        manifest(backup(db, folder))
        print("%s: full %d times" % (kind, hit))
    small = fresh("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", small], capture_output=True).returncode:
        print("no small file system: mount is not allowed here")
        return
    try:
        db = newdb("sqlite")
        run(MIGRATE, "--set", "data=" + hr_data(tmp("few"), 500, 6), db=db)
        keep = os.path.basename(backup(db, small))
        db = newdb("sqlite")
        run(MIGRATE, "--set", "data=" + data, db=db)
        done = penstock("run", BACKUP, "--set", "folder=" + small, db=db)
        failed(done, small, keep, "a file system of 400 KiB")
        subprocess.run(["mount", "-o", "remount,size=100m", small], check=True, capture_output=True)
        equal([table["rows"] for table in manifest(backup(db, small))["tables"]], [db.count(table) for table in HR], "with room")
    finally:
        subprocess.run(["umount", small], capture_output=True)


main(test)
