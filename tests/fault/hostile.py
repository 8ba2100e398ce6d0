"""usage: hostile.py MIB COLUMNS ROWS      size of the largest field, columns of the widest record, rows of the largest file

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import FULL, check, databases, equal, main, newdb, peak, penstock, run, skipped, step_of, tmp

mib, columns, rows = (int(text) for text in sys.argv[1:4])
MOST = 64  # MiB of memory


def pipeline(path, header="false", top=""):
    with open(tmp("dictionary.yaml"), "w") as file:
        file.write("name: hostile\nresources:\n  - name: t\n    schema:\n      fields:\n        - { name: id, type: integer }\n"
                   "        - { name: s, type: string }\n        - { name: n, type: integer }\n      primaryKey: id\n")
    out = tmp("pipeline.yaml")
    with open(out, "w") as file:
        file.write("version: 1\nname: hostile\ndictionary: dictionary.yaml\n%sconnections:\n  db: { type: odbc, connect: \"${PENSTOCK_DB}\" }\n"
                   "steps:\n  - name: t\n    source: { type: csv, path: %s, header: %s }\n    rules: { table: t }\n"
                   "    sink: { type: odbc, connection: db, table: t, mode: append, create: true }\n" % (top, path, header))
    return out


def one(kind, what, path, wanted, rejects):
    """Loads a file; wanted: [read, written, rejected]; rejects: [(record_no, line_no, byte_offset, rule)]."""
    db = newdb(kind)
    done, most = peak(pipeline(path), db=db)
    step = step_of(done.json, "t")
    equal([step["read"], step["written"], step["rejected"]], wanted, "%s: %s: books" % (kind, what))
    equal(step["bytes_read"], os.path.getsize(path), "%s: %s: bytes_read" % (kind, what))
    got = [(int(row[0]), int(row[1]), int(row[2]), row[3]) for row in
           db.query("select record_no, line_no, byte_offset, rule from penstock_rejects order by record_no")]
    equal(got, rejects, "%s: %s: rejects" % (kind, what))
    equal(db.count("t"), wanted[1], "%s: %s: rows" % (kind, what))
    for record, in db.query("select record from penstock_rejects"):
        check(len((record or "").encode()) <= 256 * 1024, "%s: %s: the original is not capped: %d bytes" % (kind, what, len(record)))
    check(most <= MOST, "%s: %s: peak of %.1f MiB" % (kind, what, most))
    print("%s: %s: %.1f MiB at most" % (kind, what, most))
    return db


def lines(first, last):
    return b"".join(b"%d,row %d,%d\n" % (n, n, n) for n in range(first, last + 1))


def huge(path, begin, end, sparse=False):
    """lines 1 to 9, then a record whose field has mib MiB, then lines 11 to 20; gives the offset of that record."""
    head = lines(1, 9)
    with open(path, "wb") as file:
        file.write(head + begin)
        if sparse:
            file.seek(mib << 20, os.SEEK_CUR)
        else:
            block = b"x" * (1 << 20)
            for _ in range(mib):
                file.write(block)
        file.write(end + lines(11, 20))
    return len(head)


def test():
    for kind in databases():
        path = tmp("huge.csv")
        at = huge(path, b"10,", b",10\n")
        one(kind, "a field of %d MiB" % mib, path, [20, 19, 1], [(10, 10, at, "t.record-error")])
        at = huge(path, b'10,"', b'",10\n')
        one(kind, "a quoted field of %d MiB" % mib, path, [20, 19, 1], [(10, 10, at, "t.record-error")])
        at = huge(path, b"10,", b",10\n", sparse=True)
        one(kind, "a field of %d MiB of NUL" % mib, path, [20, 19, 1], [(10, 10, at, "t.record-error")])
        # Never closed, one line to the end of the file but for the lines behind it.
        at = huge(path, b'10,"', b"\n")
        one(kind, "a quote that opens %d MiB and never closes" % mib, path, [20, 19, 1], [(10, 10, at, "t.record-error")])
        os.unlink(path)
        if kind != "sqlite" and not FULL:
            continue

        head = lines(1, 4)
        with open(path, "wb") as file:
            file.write(head + b"5," + b",".join([b"7"] * (columns - 1)) + b"\n" + lines(6, 9))
        one(kind, "%d columns" % columns, path, [9, 8, 1], [(5, 5, len(head), "t.record-error")])
        with open(path, "wb") as file:
            file.write(b"," * columns + b"\n" + lines(1, 2))
        done = penstock("run", pipeline(path, header="true"), db=newdb(kind))
        check(done.code in (2, 4), "%d labels: %s" % (columns, done.tail()))
        check(os.path.basename(path) in done.err, "%d labels: the message names the file: %s" % (columns, done.err))

        # A quote that opens in the middle of a large file without another quote.
        middle = rows // 2
        head = lines(1, middle - 1)
        with open(path, "wb") as file:
            file.write(head + b'%d,"row %d,%d\n' % (middle, middle, middle) + lines(middle + 1, rows))
        size = os.path.getsize(path)
        db = one(kind, "a quote that opens in the middle of %d lines" % rows, path, [rows, rows - 1, 1], [(middle, middle, len(head), "t.record-error")])
        text = " ".join(cell or "" for cell in db.query("select message, violations from penstock_rejects")[0])
        end = len(head) + len(b'%d,"row %d,%d\n' % (middle, middle, middle))
        check(str(len(head)) in text and any(str(n) in text for n in (end, end - 1, end - 2, end - len(head), end - len(head) - 1)),
              "the reject tells the byte range %d to %d (of %d): %s" % (len(head), end, size, text))

        # Bytes of every kind, from a fixed seed: no crash, balanced books, every line accounted for.
        state, noise = 1, bytearray()
        for _ in range(300000):
            state = state * 16807 % 2147483647
            noise.append((state >> 8) & 0xff)
        with open(path, "wb") as file:
            file.write(lines(1, 5) + bytes(noise) + b'\n' + lines(6, 9))
        done, most = peak(pipeline(path), db=newdb(kind))
        check(step_of(done.json, "t")["read"] > 100 and most <= MOST, "noise: %s, %.1f MiB" % (done.out, most))
        os.unlink(path)


main(test)
