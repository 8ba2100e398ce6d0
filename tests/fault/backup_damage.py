"""A damaged backup is found by verify, and restored over a full table leaves the table as it was.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import HR, MIGRATE, RESTORE, backup, content, fresh, leftovers, rewrite_avro, same
from harness import check, databases, equal, hr_data, main, newdb, penstock, run, tmp

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, required=True)
wanted = parser.parse_args()


def one_removed(path):
    rewrite_avro(path, lambda rows: rows[:-1])


def one_added(path):
    rewrite_avro(path, lambda rows: rows + [dict(rows[-1], id=10**9)])


def value_changed(path):
    def change(rows):
        rows[len(rows) // 2]["name"] += "x"
        return rows
    rewrite_avro(path, change)


def values_exchanged(path):
    """Every column still holds the same values."""
    def change(rows):
        first, last = rows[0], rows[-1]
        first["name"], last["name"] = last["name"], first["name"]
        return rows
    rewrite_avro(path, change)


def cut(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.truncate(size - size // 3)


def flipped(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def emptied(path):
    rewrite_avro(path, lambda rows: [])


def removed(path):
    os.unlink(path)


DAMAGES = [("a record removed", one_removed, None), ("a record added", one_added, None), ("a value changed", value_changed, None),
           ("values exchanged between rows", values_exchanged, None), ("no record left", emptied, None), ("a block cut", cut, 4),
           ("the file gone", removed, 4)]


def honest(folder, table):
    """Makes the checksum of the manifest that of the damaged file, so that counts and fingerprints are all that is left to tell."""
    import hashlib
    with open(folder + "/manifest.json") as file:
        book = json.load(file)
    for entry in book["tables"]:
        if entry["name"] == table:
            with open(os.path.join(folder, entry["file"]), "rb") as file:
                data = file.read()
            entry["sha256"], entry["size"] = hashlib.sha256(data).hexdigest(), len(data)
    text = json.dumps(book)
    with open(folder + "/manifest.json", "w") as file:
        file.write(text)
    with open(folder + "/manifest.json.sha256", "w") as file:
        file.write(hashlib.sha256(text.encode()).hexdigest() + "  manifest.json\n")


def test():
    data = hr_data(tmp("data"), wanted.rows, 3)
    for kind in databases():
        db = newdb(kind)
        run(MIGRATE, "--set", "data=" + data, db=db)
        folder = backup(db, fresh("backups." + kind))
        done = penstock("verify", folder)
        equal(done.code, 0, kind + ": verify of a sound backup: " + done.tail())
        # The table says something else than the backup by now.
        db.execute("update hired_employees set name = 'changed since' where id % 10 = 0")
        before = content(db, *HR)
        size = os.path.getsize(folder + "/hired_employees.avro")
        bits = [("a bit flipped at byte %d" % at, lambda path, at=at: flipped(path, at), None)
                for at in (1, size // 7, size // 2, size - 40, size - 5)]
        count = 0
        for what, damage, code in DAMAGES + bits:
            for forged in (False, True):
                bad = fresh("bad.%s" % kind)
                shutil.rmtree(bad)
                shutil.copytree(os.path.dirname(folder), bad)
                copy = os.path.join(bad, os.path.basename(folder))
                damage(copy + "/hired_employees.avro")
                if forged:
                    if what.startswith("a bit") or not os.path.exists(copy + "/hired_employees.avro"):
                        continue  # snappy's own checksum is what finds it then, and that is tested below
                    honest(copy, "hired_employees")
                what_here = "%s, %s%s" % (kind, what, ", checksums made to fit" if forged else "")
                done = penstock("verify", copy)
                check(done.code in ((code,) if code else (4, 6)), "%s: verify: %s" % (what_here, done.tail()))
                check("hired_employees" in done.out + done.err, "%s: verify names the table: %s" % (what_here, done.tail()))
                done = run(RESTORE, "--set", "folder=" + bad, db=db, code=(4, 6))
                same(content(db, *HR), before, what_here + ": the tables are as they were")
                equal(done.json["written"], 0, what_here + ": rows written")
                done = run(RESTORE, "--set", "folder=" + bad, "--set", "table=hired_employees", db=db, code=(4, 6))
                same(content(db, *HR), before, what_here + ": the table is as it was")
                count += 1
        # The manifest itself.
        for name, text in (("manifest.json", "}"), ("manifest.json.sha256", "0")):
            bad = fresh("bad.%s" % kind)
            shutil.rmtree(bad)
            shutil.copytree(os.path.dirname(folder), bad)
            with open(os.path.join(bad, os.path.basename(folder), name), "a") as file:
                file.write(text)
            done = penstock("verify", os.path.join(bad, os.path.basename(folder)))
            if name == "manifest.json":
                check(done.code in (4, 6), "%s: %s changed: %s" % (kind, name, done.tail()))
                run(RESTORE, "--set", "folder=" + bad, db=db, code=(4, 6))
                same(content(db, *HR), before, kind + ": the tables are as they were")
        # And then the sound one.
        run(RESTORE, "--set", "folder=" + os.path.dirname(folder), db=db)
        equal(db.count("hired_employees", "name = 'changed since'"), 0, kind + ": the sound backup restores")
        equal(leftovers(os.path.dirname(folder)), [], "files left over")
        print("%s: %d damages found, nothing moved" % (kind, count))


main(test)
