"""Packed files and other encodings as sources of csv and json.

SPDX-License-Identifier: Apache-2.0
"""
import codecs
import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import PENSTOCK, Done, books, build_shim, check, databases, environment, equal, interrupt, main, newdb, peak, penstock, run, skipped, step_of, tmp, until_done

ROWS = int(sys.argv[sys.argv.index("--rows") + 1])
DICTIONARY = """resources:
  - name: t
    schema:
      fields:
        - { name: id, type: integer }
        - { name: text, type: string }
      primaryKey: id
"""


def dump(name, data):
    path = tmp(name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def pipeline(name, path, options="", kind="csv", commit="", top=""):
    dump("dictionary.yaml", DICTIONARY.encode())
    return dump(name + ".yaml", ("""version: 1
name: %s
dictionary: dictionary.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
%s
steps:
  - { name: load, source: { type: %s, path: "%s"%s }, rules: { table: t }, sink: { type: odbc, connection: db, table: t, mode: append, create: true%s } }
""" % (name, top, kind, path, options, commit)).encode())


def made(encoding, count):
    """Rows whose text this encoding has."""
    alphabet = [c for c in "aZ9 ,;\"'\n\t.éßñ€Ω漢字カ😀\u00a0" if can(c, encoding)]
    dice = random.Random(encoding)
    return [(str(number), "".join(dice.choice(alphabet) for _ in range(dice.randrange(1, 30))) + ".") for number in range(1, count + 1)]


def can(character, encoding):
    try:
        character.encode(encoding)
        return True
    except UnicodeEncodeError:
        return False


def csv_text(rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "text"])
    writer.writerows(rows)
    return out.getvalue()


def tool(data, *command):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def zstd(data, *options):
    return tool(data, "zstd", "-q", "-c", *options)


def from_stdin(db, path, *arguments):
    with open(path, "rb") as file:
        done = subprocess.run([PENSTOCK, "run", *arguments, "--json"], env=environment(db), stdin=file, capture_output=True, timeout=600)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode(), "")


def table(db):
    names, rows = dbdump.table_rows(db, "t")
    return sorted(((str(row[names.index("id")]), row[names.index("text")]) for row in rows), key=lambda row: int(row[0]))


def known(encoding):
    """Whether the system has it: distributions keep the rarer ones in a package of their own."""
    return subprocess.run(["iconv", "-f", encoding, "-t", "UTF-8"], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def forms():
    """(name, bytes, options, rows, what the system holds the file for)"""
    rows = made("utf-8", ROWS)
    text = csv_text(rows).encode()
    half = text.index(b"\r\n", len(text) // 2) + 2
    yield "gzip", tool(text, "gzip", "-9"), "", rows
    yield "gzip_members", b"".join(gzip.compress(text[at:at + 5000], 1) for at in range(0, len(text), 5000)), "", rows
    yield "gzip_empty_member_and_zeros", gzip.compress(b"") + gzip.compress(text[:half]) + gzip.compress(b"") + gzip.compress(text[half:]) + b"\0" * 1000, "", rows
    yield "gzip_name_and_comment", b"\x1f\x8b\x08\x18\0\0\0\0\0\x03name.csv\0a comment\0" + gzip.compress(text)[10:], "", rows
    yield "zstd", zstd(text, "-19"), "", rows
    yield "zstd_frames", zstd(text[:half]) + zstd(b"") + b"\x53\x2a\x4d\x18\x03\0\0\0abc" + zstd(text[half:], "--no-check"), "", rows
    yield "zstd_skippable_first", b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd(text), "", rows
    for encoding, option in (("utf-16", ""), ("utf-16", "utf-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-le", "utf-16"), ("utf-16-be", "utf-16be"), ("utf-32", ""),
                             ("latin-1", "latin-1"), ("latin-1", "ISO-8859-1"), ("cp1252", "windows-1252"), ("shift_jis", "shift_jis"), ("gb18030", "gb18030"),
                             ("iso2022_jp", "ISO-2022-JP"), ("utf-8-sig", "")):
        if option and not known(option):
            print("not known to iconv here: " + option)
            continue
        rows = made(encoding, ROWS // 4)
        data = csv_text(rows).encode(encoding)
        yield encoding + "_" + (option or "mark"), data, ", encoding: %s" % option if option else "", rows
        if encoding == "utf-16":
            yield "utf-16_be_mark", codecs.BOM_UTF16_BE + csv_text(rows).encode("utf-16-be"), "", rows
            yield "gzip_of_utf-16", gzip.compress(data), "", rows
            yield "zstd_of_utf-16_be", zstd(codecs.BOM_UTF16_BE + csv_text(rows).encode("utf-16-be")), "", rows


def test_forms():
    for name, data, options, rows in forms():
        path = dump("data.csv", data)
        db = newdb("sqlite")
        done = run(pipeline("forms", path, options), db=db)
        equal(table(db), rows, name)
        equal(done.json["rejected"], 0, name + ": rejected")
        check(abs(step_of(done.json, "load")["bytes_read"] - len(data)) < 1 << 19, "%s: bytes of the file, not of its text: %s of %d" % (name, step_of(done.json, "load")["bytes_read"], len(data)))
        # The same bytes under another name: known by what the file holds.
        again = run(pipeline("forms", dump("again.csv", data), options), db=db)
        equal(skipped(step_of(again.json, "load")), {"already_loaded": len(rows)}, name + ": the file again")
        db = newdb("sqlite")
        done = from_stdin(db, path, pipeline("stdin", "-", options))
        equal(done.code, 0, name + " from standard input: " + done.err)
        equal(table(db), rows, name + " from standard input")


def test_json():
    rows = made("utf-8", ROWS // 2)
    values = [{"id": int(a), "text": b} for a, b in rows]
    lines = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    whole = json.dumps({"rows": values}, ensure_ascii=False)
    for name, data, options in (("gzip lines", gzip.compress(lines.encode()), ""), ("zstd document", zstd(whole.encode()), ", pointer: /rows"),
                                ("utf-16 lines", lines.encode("utf-16"), ""), ("gzip of utf-16 document", gzip.compress(whole.encode("utf-16")), ", pointer: /rows")):
        db = newdb("sqlite")
        run(pipeline("json", dump("data", data), options, "json"), db=db)
        equal(table(db), rows, name)


def test_illegal():
    """What is no character rejects its record alone, wherever it stands; the others are as they were."""
    cases = [  # name, pieces of a record each (bytes), option, numbers of those that are bad
        ("windows-1252", [b"1,\x80uro\r\n", b"2,\x81\r\n", b"3,a\x8db\x9d\r\n", b"4,\xe9\r\n"], "windows-1252", [2, 3]),
        ("shift_jis", [b"1,\x83J\r\n", b"2,\x83,\r\n", b"3,x\xa0\r\n", b"4,\xb6\r\n"], "shift_jis", [2, 3]),
        ("utf-16", ["1,é\n".encode("utf-16-le"), "2,a".encode("utf-16-le") + b"\x00\xd8" + "b\n".encode("utf-16-le"), "3,".encode("utf-16-le") + b"\x00\xdc" +
                    "\n".encode("utf-16-le"), "4,😀\n".encode("utf-16-le")], "utf-16", [2, 3]),
        # Two that would be é together, were they taken as they are.
        ("ascii", [b"1,e\n", b"2,\xc3\xa9\n", b"3,x\n"], "ascii", [2]),
        ("utf-16 cut", ["1,é\n".encode("utf-16-le"), "2,é".encode("utf-16-le") + b"x"], "utf-16", [2]),
    ]
    for name, records, encoding, bad in cases:
        if not known(encoding):
            continue
        data = b"".join(records)
        db = newdb("sqlite")
        done = run(pipeline("illegal", dump("data.csv", data), ", header: false, encoding: " + encoding), db=db)
        equal(done.json["rejected"], len(bad), name)
        equal([int(row[0]) for row in table(db)], [number for number in range(1, len(records) + 1) if number not in bad], name)
        seen = [(row[3], row[5]) for row in dbdump.rejects(db)]
        equal(sorted(set(seen)), [(str(number), "encoding-error") for number in bad], name + ": rejects")
        python = "utf-16-le" if encoding == "utf-16" else encoding.replace("windows-1252", "cp1252")
        offsets = [len(b"".join(records[:number - 1]).decode(python, "ignore").encode()) for number in bad[:1]]
        equal([int(row[0]) for row in db.query("select byte_offset from penstock_rejects order by record_no")][:1], offsets, name + ": where they stand in the text")
        check(encoding.lower() in str(db.query("select message from penstock_rejects")).lower(), name + ": the message names the encoding")


def test_damaged():
    """Exit 4, naming the file and the place; nothing is taken for the end of the file."""
    text = csv_text(made("utf-8", ROWS)).encode()
    packed, framed = gzip.compress(text, 6), zstd(text)
    flipped = packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]
    inside = framed[:len(framed) // 2] + bytes([framed[len(framed) // 2] ^ 0xFF]) + framed[len(framed) // 2 + 1:]
    cases = [("gzip, cut in the middle", packed[:len(packed) // 2], ["cut off", "byte %d" % (len(packed) // 2)]),
             ("gzip, its last byte is gone", packed[:-1], ["cut off"]), ("gzip, nothing but its head", packed[:10], ["cut off"]),
             ("gzip, its sum is wrong", flipped, ["damaged gzip", "incorrect data check"]),
             ("gzip, text behind it", packed + b"1,a\n", ["something else behind it", "byte %d" % len(packed)]),
             ("gzip, the second member is cut", packed + packed[:50], ["cut off"]), ("gzip, zeros and text", packed + b"\0" * 600000 + b"x", ["something else behind it"]),
             ("gzip, no such block", packed[:10] + b"\xff" * 100, ["damaged gzip", "invalid block type"]),
             ("zstd, cut in the middle", framed[:len(framed) // 2], ["cut off", "byte %d" % (len(framed) // 2)]), ("zstd, its last byte is gone", framed[:-1], ["cut off"]),
             ("zstd, damaged", inside, ["damaged zstd"]), ("zstd, text behind it", framed + b"1,abcdefgh\n", ["something else behind it", "byte %d" % len(framed)]),
             ("gzip in gzip", gzip.compress(packed), ["compressed twice"]), ("xz", b"\xfd7zXZ\0abcdef", ["xz"]),
             ("zstd that wants too much", zstd(text * (1 + (16 << 20) // len(text)), "--ultra", "-22", "--long=27"), ["more than 8 MiB", "limits.memory"])]
    for name, data, words in cases:
        for db in (newdb("sqlite"),):
            path = dump("data.csv", data)
            done = penstock("run", pipeline("damaged", path, "", commit=", commit: step"), db=db)
            equal(done.code, 4, "%s: %s" % (name, done.err))
            for word in [path] + words:
                check(word in done.err, "%s: the message says %r: %s" % (name, word, done.err))
            equal(table(db) if "t" in db.tables() else [], [], name + ": no row")
    data = cases[-1][1]
    db = newdb("sqlite")
    done = penstock("run", pipeline("more", dump("data.csv", data), top="limits: { memory: 1GiB }"), "--dry-run", db=db)
    equal(done.code, 0, "with more memory it is read: " + done.err)


def test_bombs():
    """Packed zeros, and lines without end: read in flat memory, and what is too long is a record of its own."""
    size = 200 << 20
    def chunks():
        yield b"id,text\n1,a\n"
        for _ in range(size >> 20):
            yield b"\0" * (1 << 20)
        yield b"\n2,b\n"
    for name, command in (("gzip", ["gzip", "-1"]), ("zstd", ["zstd", "-q"])):
        path = tmp("bomb." + name)
        with open(path, "wb") as out:
            packer = subprocess.Popen([*command, "-c"], stdin=subprocess.PIPE, stdout=out)
            for chunk in chunks():
                packer.stdin.write(chunk)
            packer.stdin.close()
            packer.wait()
        check(os.path.getsize(path) < 2 << 20, "a bomb is small")
        db = newdb("sqlite")
        done, mib = peak(pipeline("bomb", path), db=db)
        equal(table(db), [("1", "a"), ("2", "b")], name)
        equal(step_of(done.json, "load")["rejects_by_rule"], {"t.record-error": 1}, name)
        print("%s bomb of %d MiB in %d bytes: %.1f MiB" % (name, size >> 20, os.path.getsize(path), mib))
        check(mib <= 64, "%s: %.1f MiB" % (name, mib))


def test_resume(kind):
    """A load in pieces that dies in the middle of a packed file goes on there, and refuses one whose text before that is another."""
    rows = made("utf-8", ROWS)
    text = csv_text(rows).encode()
    for name, data, other in (("gzip", gzip.compress(text), gzip.compress(text.replace(b"\n1,", b"\n1,x", 1))), ("zstd", zstd(text), zstd(text[:-200])),
                              ("utf-16", text.decode().encode("utf-16"), text.decode().replace("\n1,", "\n1,x", 1).encode("utf-16"))):
        path = dump("data.csv", data)
        file = pipeline("resume", path, commit=", commit: { rows: 300 }")
        for part in (0.5, 0.6, 0.4, 0.7):
            db = newdb(kind)
            interrupt(db, [file], part)
            done_rows = db.count("t") if "t" in db.tables() else 0
            if 0 < done_rows < len(rows):
                break
        check(0 < done_rows < len(rows), "%s: interrupted in the middle: %d" % (name, done_rows))
        if name != "zstd":
            dump("data.csv", other)
            refused = until_done(file, db=db, code=2)
            check("--restart" in refused.err and "changed before byte" in refused.err, "%s: the text changed: %s" % (name, refused.err))
            equal(db.count("t"), done_rows, name + ": nothing moved")
            dump("data.csv", data)
        done = until_done(file, db=db)
        equal(skipped(step_of(done.json, "load")), {"already_committed": done_rows}, name)
        equal(table(db), rows, name)
        again = run(file, db=db)
        equal(skipped(step_of(again.json, "load")), {"already_loaded": len(rows)}, name + ": loaded once")


def test_options():
    for encoding, code in (("nonsense", 2), ("utf-8//IGNORE", 2), ("latin-1//TRANSLIT", 2), ("utf-8", 0), ("UTF8", 0), ("Latin1", 0), ("iso_8859-15", 0), ("KOI8-R", 0)):
        done = penstock("validate", pipeline("options", "data.csv", ", encoding: \"%s\"" % encoding), db=newdb("sqlite"))
        equal(done.code, code, "encoding %s: %s" % (encoding, done.err))
        if code:
            check("no encoding" in done.err and "options.yaml:" in done.err, done.err)
    done = penstock("run", pipeline("options", dump("data.csv", codecs.BOM_UTF8 + b"id,text\n"), ", encoding: latin-1"), db=newdb("sqlite"))
    equal(done.code, 4, "a mark that says otherwise: " + done.err)


def test():
    test_options()
    test_forms()
    test_json()
    test_illegal()
    test_damaged()
    test_bombs()
    for kind in databases():
        test_resume(kind)


main(test)
