"""Random rows of every type out of SQLite into CSV and JSON, held against Python's sqlite3, csv and json.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import decimal
import io
import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, build_shim, check, environment, equal, last_line, main, newdb, penstock, run, tmp

ROWS = int(os.environ["PENSTOCK_TEST_ROWS"])
SEED = int(os.environ.get("PENSTOCK_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
lots = random.Random(SEED)

FIELDS = [("id", "integer", "INTEGER"), ("s", "string", "TEXT"), ("odd, \"name\"", "string", "TEXT"), ("n", "number", "REAL"),
          ("d", "number, precision: 30, scale: 4", "TEXT"), ("b", "boolean", "INTEGER"), ("day", "date", "TEXT"), ("clock", "time", "TEXT"),
          ("at", "datetime", "TEXT"), ("year", "year", "INTEGER"), ("month", "yearmonth", "TEXT"), ("u", "string, format: uuid", "TEXT"),
          ("bin", "string, format: binary", "BLOB"), ("o", "object", "TEXT"), ("a", "array", "TEXT"), ("any", "any", "TEXT")]
PIECES = ["a", "B", "7", " ", "  ", ",", ";", "|", "\t", "-", "/", "=", ".", "\"", "'", "\"\"", "\n", "\r", "\r\n", "\\", "\\n", "\ufeff", "\u00e9", "\u20ac",
          "\U0001f600", "\x01", "\x1f", "\x7f", "\u2028", "null", "NULL", "{", "]"]


def text():
    return "".join(lots.choice(PIECES) for _ in range(lots.choice([0, 1, 1, 2, 3, 8, 40])))


def fraction():
    return lots.choice(["", ".%d00000" % lots.randint(1, 9), ".%05d1" % lots.randrange(100000)])


def value_json(depth=2):
    kind = lots.randrange(7 if depth else 5)
    if kind == 5:
        return {text() or "k": value_json(depth - 1) for _ in range(lots.randrange(4))}
    if kind == 6:
        return [value_json(depth - 1) for _ in range(lots.randrange(4))]
    return [None, True, lots.randint(-10**18, 10**18), text(), lots.randrange(1000)][kind]


def canonical(value):
    """Keys by their bytes, no spaces, no escape but those that must be."""
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (canonical(key), canonical(value[key])) for key in sorted(value, key=str.encode))
    if isinstance(value, list):
        return "[%s]" % ",".join(map(canonical, value))
    return json.dumps(value, ensure_ascii=False)


def row(number):
    """What SQLite is given."""
    day = "%04d-%02d-%02d" % (lots.choice([1, 1582, 1970, 2021, 9999]), lots.randint(1, 12), lots.randint(1, 28))
    clock = "%02d:%02d:%02d" % (lots.randrange(24), lots.randrange(60), lots.randrange(60))
    unscaled = lots.choice([0, 1, -1, 10**30 - 1, -(10**30 - 1), lots.randint(-10**12, 10**12)])
    values = [number, text(), text(), lots.choice([0.0, 0.1, -1.5, 1e300, 5e-324, 1e21, 123456789.125, lots.random(), lots.gauss(0, 1e9)]),
              "%s%d.%04d" % ("-" if unscaled < 0 else "", *divmod(abs(unscaled), 10000)), lots.randrange(2), day, clock + fraction(), "%sT%s%sZ" % (day, clock, fraction()),
              lots.randint(1, 9999), day[:7], "%08x-0000-4000-8000-%012x" % (lots.randrange(1 << 32), lots.randrange(1 << 48)),
              lots.randbytes(lots.choice([0, 1, 2, 3, 50, 3000])), canonical({"k": value_json()}), canonical([value_json()]), canonical(value_json())]
    return values[:1] + [None if lots.random() < 0.15 else value for value in values[1:]]


def wanted(name, value):
    """A cell as CSV has it, but for doubles."""
    if value is None:
        return None
    if name == "bin":
        return base64.b64encode(value).decode()
    if name == "b":
        return "true" if value else "false"
    if name == "year":
        return "%04d" % value
    return value if isinstance(value, str) else value if name == "n" else str(value)


def dictionary(fields, missing='[""]'):
    """Names that hold spaces and quotes are written as YAML takes them."""
    lines = ["name: d", "resources:", "  - name: t", "    schema:", "      missingValues: " + missing, "      fields:"]
    lines += ["        - { name: %s, type: %s }" % (json.dumps(name), kind) for name, kind, _ in fields]
    with open(tmp("d.yaml"), "w") as file:
        file.write("\n".join(lines + ["      primaryKey: id"] if fields[0][0] == "id" else lines) + "\n")


def pipeline(name, sink, source="{ type: odbc, connection: db, table: t }", rules="table: t", extra=""):
    path = tmp(name + ".yaml")
    with open(path, "w") as file:
        file.write("version: 1\nname: %s\ndictionary: d.yaml\nconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n%s"
                   "steps:\n  - name: out/t\n    source: %s\n    rules: { %s }\n    sink: %s\n" % (name, extra, source, rules, sink))
    return path


def fill(fields, rows):
    db = newdb("sqlite")
    connection = sqlite3.connect(db.path)
    quoted = ['"%s"' % name.replace('"', '""') for name, _, _ in fields]
    connection.execute("create table t (%s)" % ", ".join("%s %s%s" % (name, kind, " primary key" if name == '"id"' else "")
                                                          for name, (_, _, kind) in zip(quoted, fields)))
    connection.executemany("insert into t values (%s)" % ", ".join("?" * len(fields)), rows)
    connection.commit()
    connection.close()
    return db


def cells(content, delimiter, quote, end):
    """CSV once more, by hand, since Python's reader does not tell null from the empty text."""
    rows, line, at = [], [], 0
    while at < len(content):
        cell = None
        if content[at] == quote:
            cell, at = "", at + 1
            while content[at] != quote or content[at + 1:at + 2] == quote:
                cell, at = cell + content[at], at + (2 if content[at] == quote else 1)
            at += 1
        else:
            begin = at
            while content[at] != delimiter and not content.startswith(end, at):
                at += 1
            cell = content[begin:at] or None
        line.append(cell)
        if content[at] == delimiter:
            at += 1
            if content.startswith(end, at):
                line.append(None)
        if content.startswith(end, at):
            rows.append(line)
            line, at = [], at + len(end)
    equal(line, [], "the last line has its end")
    return rows


def same(got, rows, what):
    for at, (one, other) in enumerate(zip(got, rows)):
        for (name, _, _), mine, theirs in zip(FIELDS, one, other):
            theirs = wanted(name, theirs)
            if name == "n" and mine is not None and theirs is not None:
                mine = float(mine)
            if name in ("o", "a", "any") and mine is not None and theirs is not None:
                mine, theirs = (json.loads(text, object_pairs_hook=lambda pairs: pairs) for text in (mine, theirs))
            equal(mine, theirs, "%s, row %d, %s (seed %d)" % (what, at + 1, name, SEED))
    equal(len(got), len(rows), what + ": rows")


def read(path):
    with io.open(path, newline="", encoding="utf-8") as file:
        return file.read()


def leftovers():
    return sorted(name for name in os.listdir(tmp("files")) if name.endswith(".tmp"))


def csv_is_what_the_database_holds(db, rows):
    names = [name for name, _, _ in FIELDS]
    out = tmp("files/new/t.csv")
    for delimiter, quote, end in ((",", '"', "lf"), (";", "'", "crlf"), ("\t", '"', "lf"), ("-", ".", "lf"), ("/", "=", "crlf"), ("7", "a", "lf"), ("|", ",", "lf")):
        what = "delimiter %r, quote %r, %s" % (delimiter, quote, end)
        options = "path: %s, delimiter: %s, quote: %s, line_end: %s" % (out, json.dumps(delimiter), json.dumps(quote), end)
        done = run(pipeline("out", "{ type: csv, %s }" % options), db=db)
        equal((done.json["written"], done.json["steps"][0]["rejects_by_rule"]), (ROWS, {}), what)
        content = read(out)
        lines = cells(content, delimiter, quote, {"lf": "\n", "crlf": "\r\n"}[end])
        equal(lines[0], names, what + ": header")
        same(lines[1:], rows, what)
        parsed = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, quotechar=quote, doublequote=True, strict=True))
        equal(parsed, [[cell or "" for cell in line] for line in lines], what + ": Python's csv")
        # penstock's own reader, and out again from there: the same file.
        back = newdb("sqlite")
        dictionary(FIELDS, '["NEVER", ""]')
        source = "{ type: csv, path: %s, delimiter: %s, quote: %s }" % (out, json.dumps(delimiter), json.dumps(quote))
        done = run(pipeline("back", "{ type: odbc, connection: db, table: t, create: true }", source), db=back)
        equal((done.json["written"], done.json["steps"][0]["rejects_by_rule"]), (ROWS, {}), what + ": read back")
        blank = lambda name, value: None if wanted(name, value) == "" else value
        held = back.query("select * from t order by id")
        equal(len(held), ROWS, what + ": rows read back")
        again = tmp("files/again.csv")
        run(pipeline("out", "{ type: csv, %s }" % options.replace(out, again)), db=back)
        same(cells(read(again), delimiter, quote, {"lf": "\n", "crlf": "\r\n"}[end])[1:],
             [[blank(name, value) for (name, _, _), value in zip(FIELDS, line)] for line in rows], what + ": there and back")
    run(pipeline("out", "{ type: csv, path: %s, header: false }" % out), db=db)
    same(cells(read(out), ",", '"', "\n"), rows, "without a header")


def json_is_what_the_database_holds(db, rows):
    out = tmp("files/t.json")
    for lines in ("false", "true"):
        run(pipeline("out", "{ type: json, path: %s, lines: %s }" % (out, lines)), db=db)
        content = read(out)
        pairs = {"parse_float": decimal.Decimal, "object_pairs_hook": lambda pairs: pairs}
        objects = [json.loads(line, **pairs) for line in content.split("\n")[:-1]] if lines == "true" else json.loads(content, **pairs)
        equal(len(objects), ROWS, "objects")
        for at, (got, line) in enumerate(zip(objects, rows)):
            equal([name for name, _ in got], [name for name, _, _ in FIELDS], "names of row %d" % at)
            for (name, mine), theirs in zip(got, line):
                what = "row %d, %s (seed %d)" % (at + 1, name, SEED)
                if theirs is not None and name in ("o", "a", "any"):
                    equal(mine, json.loads(theirs, **pairs), what)
                elif theirs is not None and name == "n":
                    equal(float(mine), theirs, what)
                elif theirs is not None and name == "d":
                    equal(str(mine), theirs, what)
                elif name in ("id", "year"):
                    equal(mine, theirs, what)
                elif theirs is not None and name == "b":
                    check(mine is bool(theirs), what)
                else:
                    equal(mine, wanted(name, theirs), what)


def no_rows():
    db = fill(FIELDS, [])
    for sink, content in (("csv", ",".join('"odd, ""name"""' if "odd" in name else name for name, _, _ in FIELDS) + "\n"), ("json", "[]\n")):
        run(pipeline("out", "{ type: %s, path: %s }" % (sink, tmp("files/empty"))), db=db)
        equal(read(tmp("files/empty")), content, "no rows as " + sink)
    run(pipeline("out", "{ type: json, lines: true, path: %s }" % tmp("files/empty")), db=db)
    equal(read(tmp("files/empty")), "", "no rows as lines")


def one_field():
    """A line with nothing on it is no record: null has quotes where it is all there is."""
    fields = [("s", "string", "TEXT")]
    dictionary(fields)
    rows = [("a",), (None,), ("",), ("\ufeff",), (" ",), ("\n",)]
    db = fill(fields, rows)
    run(pipeline("out", "{ type: csv, path: %s, header: false }" % tmp("files/one.csv")), db=db)
    equal(read(tmp("files/one.csv")), 'a\n""\n""\n"\ufeff"\n \n"\n"\n', "a table of one field")
    back = newdb("sqlite")
    done = run(pipeline("back", "{ type: odbc, connection: db, table: t, create: true }", "{ type: csv, header: false, path: %s }" % tmp("files/one.csv")), db=back)
    equal(done.json["written"], len(rows), "a table of one field, read back")
    equal([row[0] for row in back.query("select s from t")], ["a", None, None, "\ufeff", " ", "\n"], "a table of one field, read back")


# --- standard output ------------------------------------------------------------------------------
def stdout_is_rows_alone(db):
    for sink in ("csv", "json"):
        run(pipeline("out", "{ type: %s, path: %s }" % (sink, tmp("files/file"))), db=db)
        content = read(tmp("files/file"))
        path = pipeline("out", '{ type: %s, path: "-" }' % sink)
        for flags in ((), ("--quiet",), ("--no-progress", "--log-format", "json")):
            done = subprocess.run([PENSTOCK, "run", path, *flags], env=environment(db), capture_output=True, cwd=tmp("files"))
            equal((done.returncode, done.stdout.decode()), (0, content), "%s on standard output %s" % (sink, flags))
            equal(bool(done.stderr), flags != ("--quiet",), "the summary on standard error %s" % (flags,))
        done = penstock("run", path, "--json", db=db)
        equal((done.code, done.json["status"], done.json["written"]), (2, "failed", 0), "--json")
        check("standard output" in done.err, "--json: " + done.err)
        done = penstock("run", path, "--dry-run", db=db)
        equal((done.code, done.out), (0, ""), "--dry-run")
        check("%d" % ROWS in done.err, "--dry-run: " + done.err)
        done = penstock("run", path, "--limit", "3", "--quiet", db=db)
        equal(done.code, 0, "--limit: " + done.tail())
        if sink == "json":
            equal(json.loads(done.out), json.loads(content)[:3], "--limit 3")
        check("standard output" in penstock("plan", path, db=db).out and "standard output" in penstock("check", path, db=db).out, "plan and check")
    equal([name for name in os.listdir(tmp("files")) if "-" in name or "jsonl" in name], [], "files named by nobody")


def permissions_stay(db):
    """What the owner of a file keeps from others does not become theirs with the next run."""
    for sink in ("csv", "json", "avro"):
        path = tmp("kept." + sink)
        before = os.umask(0o022)
        try:
            for wanted in (0o644, 0o600, 0o640):
                if os.path.exists(path):
                    os.chmod(path, wanted)
                done = penstock("run", pipeline("out", "{ type: %s, path: %s }" % (sink, path)), db=db)
                equal((done.code, os.stat(path).st_mode & 0o777), (0, wanted), "permissions of a %s file" % sink)
        finally:
            os.umask(before)


def readers_that_fail():
    """More than pipes hold."""
    fields = [("id", "integer", "INTEGER"), ("s", "string", "TEXT")]
    dictionary(fields)
    db = fill(fields, [(n, "x" * 1000) for n in range(3000)])
    path = pipeline("out", '{ type: csv, path: "-" }')
    command = [PENSTOCK, "run", path]
    process = subprocess.Popen(command, env=environment(db), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read().decode()
    equal(process.wait(), 5, "a reader that went away: " + err)
    check("standard output" in err, "a reader that went away: " + err)
    # One that never reads: a signal ends the run all the same.
    process = subprocess.Popen(command, env=environment(db), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5)
    check(process.poll() is None, "it waits for its reader")
    process.send_signal(signal.SIGTERM)
    try:
        equal(process.wait(20), 143, "SIGTERM while the reader is waited for")
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    finally:
        process.stdout.close()
        process.stderr.close()
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, env=environment(db), stdout=full, stderr=subprocess.PIPE)
        equal(done.returncode, 5, "a full disk behind standard output")
        check(b"space" in done.stderr, "a full disk behind standard output: %s" % done.stderr)
    done = subprocess.run(["sh", "-c", 'exec "$0" run "$1" >&-', PENSTOCK, path], env=environment(db), stderr=subprocess.PIPE)
    equal(done.returncode, 5, "a closed standard output: %s" % done.stderr)


# --- files ----------------------------------------------------------------------------------------
def files_appear_whole():
    fields = [("id", "integer", "INTEGER"), ("n", "integer", "INTEGER")]
    dictionary(fields)
    db = fill(fields, [(n, 1) for n in range(2000)])
    bad = fill(fields, [(n, "x" if n == 1999 else 1) for n in range(2000)])
    out = tmp("files/whole.csv")
    run(pipeline("out", "{ type: csv, path: %s }" % out), db=db)
    content = read(out)
    # Too many rejects: the old file stays, and the rejects are beside it.
    done = run(pipeline("out", "{ type: csv, path: %s }" % out, rules="table: t, max_rejects: 0"), db=bad, code=3)
    equal((done.json["written"], done.json["rejected"], done.json["skipped_by_reason"].get("rolled_back")), (0, 1, 1999), "books of a refused step")
    equal(read(out), content, "the file after a refused step")
    with open(out + ".rejects.jsonl") as file:
        rejects = [json.loads(line) for line in file]
    equal([(reject["record_no"], reject["rule"], reject["published"]) for reject in rejects], [(2000, "t.n.type", False)], "rejects beside the file")
    equal(os.stat(out + ".rejects.jsonl").st_mode & 0o777, 0o600, "permissions of rejects")
    equal(leftovers(), [], "temporary files")
    # Rejects of a step that writes to standard output: named by the step, in the working directory.
    done = penstock("run", pipeline("out", '{ type: csv, path: "-" }'), db=bad, cwd=tmp("files"))
    check("rejects of step out/t: out_t.rejects.jsonl\n" in done.err and "next:" not in done.err, "where the rejects are: " + done.err)
    equal((done.code, len(done.out.splitlines())), (0, 2000), "one reject on the way to standard output")
    check(os.path.exists(tmp("files/out_t.rejects.jsonl")), "rejects of standard output: %s" % os.listdir(tmp("files")))
    # What is no file stays what it is, also where there is nothing to put in its place.
    fifo = tmp("files/fifo")
    os.mkfifo(fifo)
    for one in (bad, db):
        done = penstock("run", pipeline("out", '{ type: csv, path: "-" }', extra="rejects: { type: jsonl, path: %s }\n" % fifo), db=one)
        equal((done.code, len(done.out)), (5, 0), "rejects into a pipe")
        check("%s: is no regular file" % fifo in done.err, done.tail())
        check(stat.S_ISFIFO(os.stat(fifo).st_mode), "the pipe is gone")
    os.remove(fifo)
    # Death at each of its writes: the old file or the new one, nothing else.
    shim, log = build_shim("shim_die"), tmp("die.log")
    path = pipeline("out", "{ type: csv, path: %s, line_end: crlf }" % out)
    penstock("run", path, db=db, preload=shim, env={"SHIM_DIE_LOG": log})
    new = read(out)
    calls = int(last_line(log).split()[1])
    for at in range(1, calls + 1):
        with io.open(out, "w", newline="") as file:
            file.write(content)
        done = penstock("run", path, db=db, preload=shim, env={"SHIM_DIE_AT": str(at), "SHIM_DIE_TORN": "1"})
        equal(done.code, 137, "death at call %d" % at)
        check(read(out) in (content, new), "half a file after death at call %d" % at)
    check(calls >= 4, "only %d calls that write" % calls)
    print("died at %d points" % calls)


def slips(db):
    dictionary(FIELDS)
    for sink, words in (('{ type: csv, path: "-", delimiter: ";", quote: ";" }', "same character"), ('{ type: csv, path: "" }', "empty"),
                        ("{ type: json, path: /dev/null }", 'path: "-"'), ("{ type: csv, path: %s }" % tmp("files"), "no file"),
                        ("{ type: csv, path: %s/ }" % tmp("files"), "names a folder"), ('{ type: response, path: "-" }', "unknown option"),
                        ('{ type: avro, path: "-" }', "name a file"), ("{ type: json, path: x.json, header: true }", "unknown option"), ('{ type: csv, path: "-", delimiter: "\\n" }', "delimiter")):
        done = penstock("run", pipeline("out", sink), db=db)
        equal((done.code, words in done.err), (2, True), "%s: %s" % (sink, done.tail()))
    done = penstock("run", pipeline("out", "{ type: csv, path: %s/t.csv }" % tmp("d.yaml")), db=db)
    equal((done.code, "no folder" in done.err), (5, True), "a file as folder: " + done.tail())
    second = "  - name: two\n    source: { type: odbc, connection: db, table: t }\n    rules: { table: t }\n    sink: %s\n"
    for one, two, words in (('{ type: csv, path: "-" }', "{ type: response }", "standard output, too"),
                            ("{ type: response }", '{ type: json, path: "-" }', "standard output, too"),
                            ("{ type: csv, path: a/../b }", "{ type: json, path: b }", "the same file"),
                            ("{ type: csv, path: ./b }", "{ type: json, path: b }", "to this file, too")):
        path = pipeline("out", one)
        with open(path, "a") as file:
            file.write(second % two)
        done = penstock("run", path, db=db, cwd=tmp("files"))
        equal((done.code, words in done.err), (2, True), "%s, then %s: %s" % (one, two, done.tail()))


def test():
    print("seed %d" % SEED)
    os.mkdir(tmp("files"))
    rows = [row(number + 1) for number in range(ROWS)]
    db = fill(FIELDS, rows)
    dictionary(FIELDS)
    csv_is_what_the_database_holds(db, rows)
    json_is_what_the_database_holds(db, rows)
    no_rows()
    stdout_is_rows_alone(db)
    permissions_stay(db)
    slips(db)
    one_field()
    readers_that_fail()
    files_appear_whole()


main(test)
