"""A good backup is verified and proven; whatever was done to another one is found, and told from what is only different.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import HR, MIGRATE, backup, every_files, every_pipelines, fresh, manifest, rewrite_avro
from harness import check, databases, equal, hr_data, main, newdb, penstock, run, start, tmp

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--flips", type=int, required=True)
wanted = parser.parse_args()


def verify(code, what, *arguments, **named):
    """The report of --json, whose exit status and that of the text are code."""
    done = penstock("verify", what, *arguments, "--json", **named)
    equal(done.code, code, "verify %s %s: %s" % (what, " ".join(arguments), done.tail()))
    equal((done.json["verified"], done.json["exit_code"]), (code == 0, code), "what the report says")
    text = penstock("verify", what, **named)
    equal(text.code, code, "the exit status without --json")
    return done.json, text.out


def table_of(report, name):
    return [table for table in report["tables"] if table["name"] == name][0]


def good(kind, folder, pipelines):
    """Two backups into one folder; gives the newer one's."""
    db = newdb(kind)
    run(pipelines[0], "--set", "folder=" + folder, db=db)
    backups = fresh("backups." + kind)
    first, second = backup(db, backups, pipeline=pipelines[1]), backup(db, backups, pipeline=pipelines[1])
    book = manifest(second)
    for what in (backups, second, second + "/"):
        report, text = verify(0, what)
        equal(report["run_id"], os.path.basename(second), "the newest one, by its run id")
        check(report["run_id"] in text, "which is named")
        equal([(table["name"], table["rows"], table["result"], table["fingerprint"]) for table in report["tables"]],
              [(table["name"], table["rows"], "ok", table["fingerprint"]) for table in book["tables"]], "the tables")
        equal((report["proof"], report["restored"]), (None, False), "never proven")
        check("never proven" in text, "the text says so")
    equal(verify(0, first)[0]["run_id"], os.path.basename(first), "an older one by its own folder")
    return backups, second


def proof(backups, saved):
    """--restore leaves nothing in the temporary folder, and a note beside the manifest."""
    scratch = fresh("scratch")
    done = penstock("verify", backups, "--restore", env={"TMPDIR": scratch})
    equal(done.code, 0, "verify --restore: " + done.tail())
    check("proven: it was restored into a scratch database" in done.out, "the text says so: " + done.out)
    equal(os.listdir(scratch), [], "what is left in $TMPDIR")
    with open(saved + "/proof.json") as file:
        note = json.load(file)
    with open(saved + "/manifest.json", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    book = manifest(saved)
    age = time.time() - time.mktime(time.strptime(note.pop("proven_at"), "%Y-%m-%dT%H:%M:%SZ")) + time.timezone
    check(-5 < age < 600, "proven now, %r seconds ago" % age)
    equal({key: note[key] for key in note if key != "penstock"}, {
        "format": 1, "run_id": os.path.basename(saved), "manifest_sha256": digest, "method": "restore into SQLite",
        "tables": len(book["tables"]), "rows": sum(table["rows"] for table in book["tables"])}, "proof.json")
    report, text = verify(0, backups)
    equal(report["proof"]["holds"], True, "the proof holds")
    check("last proven 2" in text, "the text says when: " + text)
    # A manifest that is not the one that was proven.
    copy = tmp("reproven." + os.path.basename(saved))
    shutil.copytree(saved, copy)
    with open(copy + "/manifest.json") as file:
        changed = json.dumps(json.load(file), indent=3)
    write_manifest(copy, changed)
    report, text = verify(0, copy)
    equal(report["proof"]["holds"], False, "another manifest")
    check("the manifest was changed since the backup was proven" in text, "the text says so: " + text)


def odd_proofs(saved):
    """What stands in the place of the proof and is none is named: a pipe is not waited for, and what is huge is not read."""
    copy = tmp("odd." + os.path.basename(saved))
    shutil.copytree(saved, copy)
    for make in (os.mkfifo, lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 30)):
        if os.path.exists(copy + "/proof.json"):
            os.remove(copy + "/proof.json")
        make(copy + "/proof.json")
        done = penstock("verify", copy, timeout=60)
        check(done.code == 4 and "proof.json: is no proof" in done.err, "an odd proof: " + done.tail())


def write_manifest(folder, text):
    with open(folder + "/manifest.json", "w") as file:
        file.write(text)
    with open(folder + "/manifest.json.sha256", "w") as file:
        file.write("%s  manifest.json\n" % hashlib.sha256(text.encode()).hexdigest())


def damaged(saved):
    """One copy for each kind of damage."""
    rows = [table["rows"] for table in manifest(saved)["tables"] if table["name"] == "hired_employees"][0]

    def copy():
        shutil.rmtree(tmp("damaged"), ignore_errors=True)
        shutil.copytree(saved, tmp("damaged"))
        return tmp("damaged"), tmp("damaged") + "/hired_employees.avro"

    def found(code, result, *words, name="hired_employees"):
        report, text = verify(code, folder)
        table = table_of(report, name)
        equal(table["result"], result, "what is said of %s: %s" % (name, table))
        for other in set(HR) - {name}:
            equal(table_of(report, other)["result"], "ok", "the other table")
        for said in words:
            check(any(said in problem for problem in table["problems"]), "%r in %s" % (said, table["problems"]))
            check(said in text, "%r in the text" % said)
        # The file alone, held against the manifest beside it.
        if result != "missing":
            equal(verify(code, folder + "/" + name + ".avro")[0]["tables"][0]["result"], result, "the file alone")
        # Nothing is proven that is not verified.
        equal(penstock("verify", folder, "--restore").code, code, "verify --restore")
        check(not os.path.exists(folder + "/proof.json"), "no proof was written")

    folder, path = copy()
    rewrite_avro(path, lambda records: records[:5] + records[6:])
    found(6, "different", "holds %d rows, the manifest says %d" % (rows - 1, rows), "SHA-256")

    folder, path = copy()

    def change(records):
        records[7]["name"] += "x"
        return records
    rewrite_avro(path, change)
    found(6, "different", "column name: its fingerprint is not that of the manifest")

    folder, path = copy()

    # Every column still holds the same values.
    def exchange(records):
        first, last = records[0], records[-1]
        first["name"], last["name"] = last["name"], first["name"]
        return records
    rewrite_avro(path, exchange)
    found(6, "different", "the fingerprint of its rows")
    check(not any("column" in problem for problem in table_of(verify(6, folder)[0], "hired_employees")["problems"]), "no column differs")

    # In another order the rows are the same; the file is not.
    folder, path = copy()
    rewrite_avro(path, lambda records: list(reversed(records)))
    found(6, "different", "SHA-256")
    check(not any("rows" in problem for problem in table_of(verify(6, folder)[0], "hired_employees")["problems"]), "the rows are those of the manifest")

    folder, path = copy()
    size = os.path.getsize(path)
    os.truncate(path, size - size // 3)
    found(4, "damaged", "has %d bytes, the manifest says %d" % (size - size // 3, size), "damaged at byte")

    dice = random.Random(7)
    for at in [5, size - 3] + [dice.randrange(4, size) for _ in range(wanted.flips)]:
        folder, path = copy()
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << dice.randrange(8)]))
        done = penstock("verify", folder)
        check(done.code in (4, 6), "a bit of byte %d: %s" % (at, done.tail()))
        # Whatever lies in a block has a checksum behind it, or a sync marker.
        check(done.code == 4 or at < 8192, "a bit of byte %d is damage: %s" % (at, done.tail()))

    folder, path = copy()
    os.unlink(path)
    found(4, "missing", "is not there")

    folder, path = copy()
    shutil.copy(folder + "/jobs.avro", folder + "/more.avro")
    report, text = verify(6, folder)
    equal(report["files_not_listed"], ["more.avro"], "a file that is not listed")
    check("not listed by the manifest:\n  more.avro" in text, "the text says so")
    verify(6, folder + "/more.avro")

    # The manifest.
    for edit in (lambda text: text.replace('"rows":%d' % rows, '"rows":%d' % (rows + 1)).replace(
                     '"rows": %d' % rows, '"rows": %d' % (rows + 1)), lambda text: text[:-20], lambda text: ""):
        folder, path = copy()
        with open(folder + "/manifest.json") as file:
            text = file.read()
        check(edit(text) != text, "the edit changed something")
        with open(folder + "/manifest.json", "w") as file:
            file.write(edit(text))
        done = penstock("verify", folder)
        equal(done.code, 4, "an edited manifest: " + done.tail())
        check("manifest.json" in done.err, "which is named: " + done.err)
    # With its checksum set right it is held against the rows.
    folder, path = copy()
    with open(folder + "/manifest.json") as file:
        book = json.load(file)
    table_of(book, "hired_employees")["rows"] += 1
    write_manifest(folder, json.dumps(book))
    found(6, "different", "holds %d rows, the manifest says %d" % (rows, rows + 1))
    folder, path = copy()
    os.unlink(folder + "/manifest.json.sha256")
    equal(penstock("verify", folder).code, 4, "a manifest without its checksum")


def alone(saved):
    """A file without a manifest proves that it decodes, and says that this is all."""
    folder = fresh("alone")
    path = shutil.copy(saved + "/every.avro", folder)
    report, text = verify(0, path)
    equal((report["run_id"], report["tables"][0]["rows"]), (None, wanted.rows), "rows of the file")
    check("there is no manifest beside it: all of it decodes, and nothing more is proven" in text, "the text says so: " + text)
    os.truncate(path, os.path.getsize(path) - 30)
    report, text = verify(4, path)
    check("damaged at byte" in text and "records were read before it" in text, "where and how far: " + text)
    for code, words, arguments in ((4, "no complete backup", (folder,)), (4, "No such file", ("nowhere",)),
                                   (2, "--restore proves a whole backup", (path, "--restore"))):
        done = penstock("verify", *arguments)
        equal(done.code, code, "verify %s: %s" % (" ".join(arguments), done.tail()))
        check(words in done.err, "%r in %s" % (words, done.err))


def scratch_goes(saved):
    """SIGTERM in the middle of a restore leaves nothing behind."""
    scratch = fresh("scratch.killed")
    hit = 0
    for pause in (0.02, 0.05, 0.1, 0.2):
        process = start("verify", saved, "--restore", env={"TMPDIR": scratch})
        time.sleep(pause)
        process.send_signal(signal.SIGTERM)
        code = process.wait()
        equal(os.listdir(scratch), [], "what is left in $TMPDIR")
        check(code in (0, 143, -15), "exit %d" % code)
        hit += code == 143
    print("SIGTERM: %d of 4 restores were ended" % hit)
    done = penstock("verify", saved, "--restore", env={"TMPDIR": "/nowhere/at/all"})
    equal(done.code, 1, "no temporary folder: " + done.tail())
    check("/nowhere/at/all" in done.err, "which is named")


def test():
    folder = every_files(fresh("every"), wanted.rows)
    pipelines = every_pipelines(folder)
    for kind in databases():
        backups, saved = good(kind, folder, pipelines)
        proof(backups, saved)
        odd_proofs(saved)
    db = newdb("sqlite")
    run(MIGRATE, "--set", "data=" + hr_data(tmp("hr"), wanted.rows, 5), db=db)
    damaged(backup(db, fresh("backups.hr")))
    alone(saved)
    scratch_goes(saved)


main(test)
