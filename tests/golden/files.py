"""Globs and lists of files as the source of a step.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import gzip
import io
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import check, databases, equal, interrupt, main, newdb, penstock, run, skipped, step_of, tmp, until_done

ROWS = int(sys.argv[sys.argv.index("--rows") + 1])
DICTIONARY = """resources:
  - name: t
    schema:
      fields:
        - { name: id, type: integer }
        - { name: file, type: string, constraints: { maxLength: 400 } }
        - { name: text, type: string, constraints: { required: true } }
      primaryKey: id
  - name: u
    schema: { fields: [ { name: id, type: integer }, { name: text, type: string } ], primaryKey: id }
"""


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def pipeline(name, path, source="type: csv, file_field: file", sink="mode: append, create: true", rules="table: t", extra=""):
    write(tmp("dictionary.yaml"), DICTIONARY.encode())
    out = tmp(name + ".yaml")
    write(out, ("""version: 1
name: %s
dictionary: dictionary.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - { name: load, %ssource: { %s, path: %s }, rules: { %s }, sink: { type: odbc, connection: db, table: t, %s } }
""" % (name, extra, source, json.dumps(path), rules, sink)).encode())
    return out


class Folder:
    """Files of CSV with ids of their own; every tenth record lacks its text."""

    def __init__(self, name):
        self.path = tmp(name)
        shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(self.path)
        self.next, self.files = 1, {}

    def add(self, name, count, header=True, newline="\r\n", pack=None):
        out, rows, offset = io.StringIO(newline=""), [], 0
        writer = csv.writer(out, lineterminator=newline)
        if header:
            writer.writerow(["text", "id"] if self.next % 2 else ["id", "text"])
        swapped = header and self.next % 2
        for number in range(1, count + 1):
            text = "" if number % 10 == 0 else "%s, line\n%d é" % (name, number)
            offset = len(out.getvalue().encode()) if number % 10 == 0 or number == 1 else offset
            writer.writerow([text, self.next] if swapped else [self.next, text])
            rows.append((self.next, text, number, offset))
            self.next += 1
        path = os.path.join(self.path, name)
        data = out.getvalue().encode()
        write(path, pack(data) if pack else data)
        self.files[path] = rows
        return path

    def rows(self, paths=None):
        return sorted((str(id), path, text) for path in (paths if paths is not None else self.files) for id, text, _, _ in self.files[path] if text)

    def rejects(self, paths):
        return [(path, str(number), str(offset)) for path in paths for _, text, number, offset in self.files[path] if not text]


def table(db):
    names, rows = dbdump.table_rows(db, "t")
    return sorted((str(row[names.index("id")]), row[names.index("file")], row[names.index("text")]) for row in rows)


def rejects(db):
    """(source, record_no, byte_offset) in the order in which they came."""
    return [tuple(str(cell) for cell in row) for row in db.query("select source, record_no, byte_offset from penstock_rejects order by reject_id")]


def remembered(db):
    return sorted((row[0], int(row[1])) for row in db.query("select path, records from penstock_files"))


def test_order():
    """List order, byte order within each glob; a file once, at its first place; what is no file is left out of globs."""
    folder = Folder("order")
    names = ["b.csv", "B.csv", "a.csv", "ä.csv", "a-1.csv", "A10.csv", "A9.csv", "z.csv", "a[1].csv", "with space.csv"]
    for number, name in enumerate(names):
        folder.add(name, 10 + number)
    folder.add(".hidden.csv", 5)
    os.makedirs(os.path.join(folder.path, "folder.csv"))
    os.symlink("b.csv", os.path.join(folder.path, "link.csv"))
    os.link(os.path.join(folder.path, "z.csv"), os.path.join(folder.path, "zz.csv"))
    at = lambda *names: [os.path.join(folder.path, name) for name in names]
    everything = sorted((path for path in folder.files if not os.path.basename(path).startswith(".")), key=os.fsencode)
    cases = [
        (folder.path + "/*.csv", everything),
        ([folder.path + "/z.csv", folder.path + "/[ab].csv", folder.path + "/*.csv"], at("z.csv", "a.csv", "b.csv") + [path for path in everything if path not in at("z.csv", "a.csv", "b.csv")]),
        ([folder.path + "/link.csv", folder.path + "/b.csv"], at("link.csv")),
        (folder.path + "/a[1].csv", at("a[1].csv")),
        ([folder.path + "/a?1.csv"], at("a-1.csv")),
        (folder.path + "/.h*.csv", at(".hidden.csv")),
        ([folder.path + "/./a.csv", folder.path + "//a.csv"], [folder.path + "/./a.csv"]),
    ]
    for path, wanted in cases:
        db = newdb("sqlite")
        for alias in ("link.csv", "./a.csv"):
            folder.files.setdefault(folder.path + "/" + alias, folder.files[folder.path + ("/b.csv" if alias == "link.csv" else "/a.csv")])
        done = run(pipeline("order", path), db=db, env={"LC_ALL": "en_US.UTF-8"})
        equal(table(db), folder.rows(wanted), "rows of %s" % path)
        equal(rejects(db), folder.rejects(wanted), "rejects of %s, in the order of the files" % path)
        equal(done.json["read"], sum(len(folder.files[name]) for name in wanted), "read of %s" % path)


def test_refused():
    folder = Folder("refused")
    one = folder.add("one.csv", 3)
    write(os.path.join(folder.path, "other.csv"), b"id,nonsense\n1,a\n")
    write(tmp("outside.csv"), b"id,text\n1,a\n")
    os.mkfifo(os.path.join(folder.path, "fifo.csv"))
    cases = [(folder.path + "/*.txt", 4, "no file matches"), ([one, folder.path + "/x*"], 4, "no file matches"), ([one, folder.path + "/gone.csv"], 4, "No such file"),
             ([one, folder.path], 4, "is a folder"), ([one, "-"], 2, "standard input"), ([], 2, "names no file"), (["", one], 2, "not empty"), (folder.path + "/**", 2, "**"),
             ([one, folder.path + "/fifo.csv"], 4, "no regular file"), (folder.path + "/o*.csv", 2, "nonsense"), (folder.path + "/.*/outside.csv", 4, "no file matches")]
    for path, code, says in cases:
        db = newdb("sqlite")
        done = penstock("run", pipeline("refused", path, sink="mode: append, create: true, commit: step"), db=db)
        equal(done.code, code, "%s: %s" % (path, done.err))
        check(says in done.err, "%s: the message says %r: %s" % (path, says, done.err))
        equal(db.count("t") if "t" in db.tables() else 0, 0, "rows of %s" % path)
    done = penstock("run", pipeline("refused", one, source="type: csv, file_field: fiel"), db=newdb("sqlite"))
    equal(done.code, 2, "a field that is none")
    check('no field "fiel"' in done.err and '"file"' in done.err, "the near one is named: " + done.err)


def test_once(kind):
    """A folder into which files are dropped: each is loaded once, by what it holds."""
    folder = Folder("once." + kind)
    a, b = folder.add("a.csv", 25), folder.add("b.csv.gz", 35, pack=gzip.compress)
    db, glob = newdb(kind), folder.path + "/*"
    file = pipeline("once", glob)
    done = run(file, db=db)
    equal((done.json["read"], done.json["written"], done.json["rejected"]), (60, 55, 5), "the first run")
    equal(remembered(db), [(a, 25), (b, 35)], "penstock_files")
    # A new one between them, one that is there under another name, and one whose time is another.
    c = folder.add("aa.csv", 15)
    shutil.copy(a, os.path.join(folder.path, "copy.csv"))
    os.utime(b)
    done = run(file, db=db)
    equal(skipped(step_of(done.json, "load")), {"already_loaded": 85}, "the second run")
    equal((done.json["read"], done.json["written"]), (100, 14), "the second run")
    equal(table(db), folder.rows(), "rows")
    equal(sorted(rejects(db)), sorted(folder.rejects([a, b, c])), "rejects")
    done = run(file, db=db)
    equal((done.json["read"], skipped(step_of(done.json, "load"))), (100, {"already_loaded": 100}), "the third run")
    check("4 of 4 files" in done.err, "it says so: " + done.err)
    done = run(file, "--dry-run", db=db)
    equal((done.json["read"], done.json["rejected"]), (100, 100), "a dry run judges them")
    done = run(file, "--restart", db=db)
    equal((done.json["read"], done.json["rejected"]), (100, 100), "--restart reads them again: %s" % done.json)
    # One that was loaded by its own name, by a list, and the other way round.
    db = newdb(kind)
    run(pipeline("once", a), db=db)
    done = run(pipeline("once", [a, c]), db=db)
    equal(skipped(step_of(done.json, "load")), {"already_loaded": 25}, "a list after a single file")
    done = run(pipeline("once", c), db=db)
    equal(skipped(step_of(done.json, "load")), {"already_loaded": 15}, "a single file after a list")
    # limit, and a target that replaces
    db = newdb(kind)
    done = run(pipeline("once", [a, c]), "--limit", "30", db=db)
    equal(done.json["written"] + done.json["rejected"], 30, "--limit counts over all files")
    done = run(pipeline("whole", [a, c], sink="mode: replace, create: true", rules="table: t, max_rejects: 5"), db=db)
    equal(table(db), folder.rows([a, c]), "replace")


def test_resume(kind):
    """A load in pieces that dies: goes on in the file in which it was, with the books of an undisturbed run."""
    folder = Folder("resume." + kind)
    for name in "abcdef":
        folder.add(name + ".csv", ROWS, pack=gzip.compress if name in "be" else None)
    paths = sorted(folder.files)
    for commit in ("{ rows: 130 }", "step"):
        file = pipeline("resume", folder.path + "/*.csv", sink="mode: append, create: true, commit: " + commit)
        whole = newdb(kind)
        run(file, db=whole)
        equal(table(whole), folder.rows(), "rows of an undisturbed run")
        hit = set()
        for part in (0.3, 0.5, 0.7, 0.9) if commit != "step" else (0.6,):
            db = newdb(kind)
            # The first two were loaded before.
            run(pipeline("resume", paths[:2], sink="mode: append, create: true"), db=db)
            before = db.count("t")
            file = pipeline("resume", folder.path + "/*.csv", sink="mode: append, create: true, commit: " + commit)
            interrupt_in(db, file, part)
            moved = db.count("t") > before
            hit.add(db.count("t"))
            done = until_done(file, db=db)
            step = step_of(done.json, "load")
            equal(step["read"], 6 * ROWS, "%s at %s: read" % (commit, part))
            if moved:
                check(skipped(step).get("already_committed", 0) > 0, "%s at %s: went on: %s" % (commit, part, step))
            equal(table(db), folder.rows(), "%s at %s: rows" % (commit, part))
            equal(rejects(db), folder.rejects(paths), "%s at %s: rejects" % (commit, part))
            equal(remembered(db), [(path, ROWS) for path in paths], "%s at %s: penstock_files" % (commit, part))
            done = run(file, db=db)
            equal(skipped(step_of(done.json, "load")), {"already_loaded": 6 * ROWS}, "%s at %s: once more" % (commit, part))
        print("%s, %s: interrupted after %s rows" % (kind, commit, sorted(hit)))
    changed_list(kind, folder, paths)


def interrupt_in(db, file, part):
    from harness import build_shim, last_line
    shim, log = build_shim("shim_die"), tmp("interrupt.log")
    scratch = newdb(db.kind)
    if os.path.exists(log):
        os.unlink(log)
    run(file, db=scratch, env={"SHIM_DIE_LOG": log}, preload=shim)
    total = int(last_line(log).split()[1])
    done = penstock("run", file, db=db, env={"SHIM_DIE_AT": str(max(1, int(total * part * 0.6))), "SHIM_DIE_LOG": log}, preload=shim)
    check(done.code in (137, 0), "the load was to be interrupted: " + done.tail())


def changed_list(kind, folder, paths):
    """Files that the interrupted load had done with must be there as they were; those behind may be others."""
    file = pipeline("changed", folder.path + "/*.csv", sink="mode: append, create: true, commit: { rows: 130 }")
    for part in (0.6, 0.7, 0.5, 0.8):
        db = newdb(kind)
        interrupt(db, [file], part)
        source = db.query("select position from penstock_checkpoints")[0][0]
        number = int(source[1:].split(":")[0])
        if 2 <= number <= 4 and not source.endswith(":"):
            break
    check(2 <= number <= 4, "interrupted in the middle of the list: " + source)
    count, saved = db.count("t"), open(paths[1], "rb").read()

    def refused(what):
        done = until_done(file, db=db, code=2)
        check("--restart" in done.err and "files" in done.err or "changed before" in done.err, "%s: %s" % (what, done.err))
        equal(db.count("t"), count, what + ": nothing moved")

    write(paths[1], gzip.compress(gzip.decompress(saved).replace(b"line", b"Line", 1)))
    refused("a file that was done with holds something else")
    write(paths[1], saved)
    first = folder.path + "/0.csv"
    write(first, b"id,text\n900000,x\n")
    refused("a new file in front")
    os.unlink(first)
    os.rename(paths[0], paths[0] + ".away")
    refused("a file that was done with is gone")
    os.rename(paths[0] + ".away", paths[0])
    # Behind: another one, and one less.
    os.unlink(paths[5])
    del folder.files[paths[5]]
    more = folder.add("g.csv", 20)
    until_done(file, db=db)
    equal(table(db), folder.rows(), "rows with others behind")
    equal(rejects(db), folder.rejects(paths[:5] + [more]), "rejects with others behind")


def test_json():
    folder = Folder("json")
    rows = [("1", "a.json", "x"), ("2", "a.json", "y"), ("3", "b.json", "z"), ("4", "c.json", "é")]
    at = lambda name: os.path.join(folder.path, name)
    write(at("a.json"), b'[{"id": 1, "text": "x"}, [2, "y"], {"id": 9, "text": "w", "file": "no"}]')
    write(at("b.json"), b'{"id": 3, "text": "z"}\n')
    write(at("c.json"), gzip.compress('[[4, "é"]]'.encode()))
    db = newdb("sqlite")
    done = run(pipeline("json", folder.path + "/*.json", source="type: json, file_field: file"), db=db)
    equal(table(db), [(a, at(b), c) for a, b, c in rows], "rows of JSON")
    equal([row[2:6] for row in dbdump.rejects(db)], [(at("a.json"), "3", "", "extra-cell")], "a member that has the name of the field")


def test_each():
    """for_each, and the field where cells stand in the order of the fields."""
    folder = Folder("each")
    write(os.path.join(folder.path, "t-1.csv"), b"1,x\n2\n")
    write(os.path.join(folder.path, "t-2.csv"), b"3,y\n4,z,1,2\n")
    db = newdb("sqlite")
    done = run(pipeline("each", folder.path + "/${table}-*.csv", source="type: csv, header: false, file_field: file", extra="for_each: { table: [t] }, "), db=db)
    equal(table(db), [("1", folder.path + "/t-1.csv", "x"), ("3", folder.path + "/t-2.csv", "y")], "rows")
    equal([row[2:7] for row in dbdump.rejects(db)], [(folder.path + "/t-1.csv", "2", "text", "missing-cell", "t.text.missing-cell"),
                                                     (folder.path + "/t-2.csv", "2", "", "extra-cell", "t.extra-cell")], "rejects")
    done = penstock("rejects", "export", "--run", "latest", tmp("mended.csv"), db=db)
    equal(done.code, 0, done.err)
    with open(tmp("mended.csv"), encoding="utf-8", newline="") as file:
        exported = [(row["id"], row["file"], row["text"], row["extra"]) for row in csv.DictReader(file)]
    equal(exported, [("2", folder.path + "/t-1.csv", "", ""), ("4", folder.path + "/t-2.csv", "z", "1,2")], "no cell is lost to the field that has none")
    done = penstock("plan", pipeline("plan", folder.path + "/t-*.csv", source="type: csv, header: false, file_field: file"), db=db)
    equal(done.code, 0, done.err)
    check("(2 files)" in done.out, "plan says how many: " + done.out)
    # The field that gets the path is no column of the file and has no cell that could be missing.
    shown = [line.split() for line in done.out.splitlines()]
    check(["column", "1", "id", "integer", "no"] in shown and ["column", "2", "text", "string", "no"] in shown, "columns: " + done.out)
    check(["path", "of", "the", "file", "file", "string(400)", "yes"] in shown, "where the path goes: " + done.out)
    check("t.text.missing-cell" in done.out and "t.file.missing-cell" not in done.out, "rules: " + done.out)
    done = penstock("test", tmp("plan.yaml"), "--generate", db=db)
    check(done.code == 0 and "t.text.missing-cell" in done.out and "t.file.missing-cell" not in done.out, "rules proven: " + done.out)
    # A transform sees it as one of the columns that it names.
    transform = "transform: { columns: [id, %s], sql: \"select id, text%s from batch\" }, "
    for columns, selected, code in (("text", ", 'x' as file", 2), ("text, file", ", upper(file) as file", 0)):
        path = pipeline("transform", folder.path + "/t-*.csv", source="type: csv, header: false, file_field: file", extra=transform % (columns, selected))
        done = penstock("validate", path, db=db)
        equal(done.code, code, "a transform of %s: %s" % (columns, done.tail()))
        check(code == 0 or "file_field: \"file\" is none of the transform's columns" in done.err, done.err)
    done = penstock("plan", pipeline("encoded", folder.path + "/t-*.csv", source="type: csv, header: false, file_field: file, encoding: windows-1252"), db=db)
    check("records must be valid windows-1252" in done.out and "UTF-8" not in done.out, "the encoding: " + done.out)


def test_twins():
    """Files of the same content are read as often as they are there: check says so."""
    folder = Folder("twins")
    for name, text in (("a", "1,x\n"), ("b", "2,y\n"), ("c", "1,x\n"), ("d", ""), ("e", ""), ("f", "1,x\n")):
        write(os.path.join(folder.path, name + ".csv"), text.encode())
    path = pipeline("twins", [folder.path + "/*.csv", folder.path + "/a.csv"], source="type: csv, header: false, file_field: file")
    db = newdb("sqlite")
    done = penstock("check", path, db=db)
    equal((done.code, [line.strip() for line in done.out.splitlines() if "holds the same" in line]),
          (0, ["warning: %s/%s.csv holds the same as %s/a.csv, and both are read" % (folder.path, name, folder.path) for name in "cf"]), "check")
    done = run(path, db=db)
    equal((done.json["read"], done.json["written"], step_of(done.json, "load")["rejects_by_rule"]), (4, 2, {"t.id.primary-key": 2}), "each once, the same twice")


def test():
    test_order()
    test_refused()
    test_json()
    test_each()
    test_twins()
    for kind in databases():
        test_once(kind)
        test_resume(kind)


main(test)
