"""Dialects of CSV: expected cells are written by hand, or are those that Python's csv wrote.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, main, penstock, tmp

ROWS = int(sys.argv[sys.argv.index("--rows") + 1])
N = None


def write(name, data):
    path = tmp(name)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


def load(name, data, options, fields, rules="", missing="none of these"):
    """What comes of a file: rows, rejects as (record, rules), the summary and stderr."""
    write(name + ".csv", data)
    write("dictionary.yaml", json.dumps({"resources": [{"name": "t", "schema": {"missingValues": [missing],
          "fields": [{"name": field, "type": "string"} for field in fields]}}]}))
    rejects, out = tmp(name + ".jsonl"), tmp(name + ".json")
    for path in (rejects, out):
        if os.path.exists(path):
            os.unlink(path)
    text = {"version": 1, "name": "d", "dictionary": "dictionary.yaml", "rejects": {"type": "jsonl", "path": rejects},
            "source": dict({"type": "csv", "path": tmp(name + ".csv")}, **options), "rules": dict({"table": "t"}, **(rules or {})),
            "sink": {"type": "json", "path": out}}
    write("p.yaml", json.dumps(text))
    done = penstock("run", tmp("p.yaml"), "--json")
    if done.code != 0:
        return None, None, done
    found = []
    if os.path.exists(rejects):
        with open(rejects, encoding="utf-8") as file:
            found = [(line["record_no"], line["rule"]) for line in map(json.loads, file)]
    with open(out, encoding="utf-8") as file:
        rows = json.load(file)
    summary = done.json
    equal(summary["read"], summary["written"] + summary["rejected"] + summary["skipped"], name + ": the books")
    return [[row[field] for field in fields] for row in rows], found, done


# name, the file, options, rows of (a, b, c...), rejects
HEADLESS = {"header": False}
CASES = [
    ("two bytes", "a||b|c||d\n\"x||y\"||z||\n", {"delimiter": "||"}, [["a", "b|c", "d"], ["x||y", "z", ""]], []),
    ("a longer delimiter", "a<->b<-c<->d\n", {"delimiter": "<->"}, [["a", "b<-c", "d"]], []),
    ("broken bar", "a¦b§¦\"c¦\"\"\"\n", {"delimiter": "¦"}, [["a", "b§", "c¦\""]], []),
    ("tab by name", "a\tb\t\"c\td\"\n", {"delimiter": "\\t"}, [["a", "b", "c\td"]], []),
    ("unit separator", "a\x1fb\x1fc,d\n", {"delimiter": "\x1f"}, [["a", "b", "c,d"]], []),
    ("overlapping delimiters", "a|||b||c\n", {"delimiter": "||"}, [["a", "|b", "c"]], []),
    # What MySQL's SELECT ... INTO OUTFILE writes: tabs, no quotes, a backslash before tabs, line ends and backslashes; \N is null.
    ("outfile", "1\ta\\\tb\tC:\\\\new\n2\t\\N\tone\\\ntwo\n3\t\\\\N\t\\\\\n", {"delimiter": "\\t", "quote": "none", "escape": "\\"},
     [["1", "a\tb", "C:\\new"], ["2", N, "one\ntwo"], ["3", N, "\\"]], []),
    # Spark: quotes escaped within quotes, backslashes elsewhere as they are.
    ("spark", "\"say \\\"hi\\\"\",C:\\dir,\"\"\n\"a\\\\\",\\x,\"b\nc\"\n", {"escape": "\\"},
     [["say \"hi\"", "C:\\dir", ""], ["a\\", "\\x", "b\nc"]], []),
    ("escaped delimiters and line ends", "a\\,b,c\\\nd,e\\\r\nf\n", {"escape": "\\"}, [["a,b", "c\nd", "e\r\nf"]], []),
    ("escape is the quote", "\"a\"\"b\",c,d\n", {"escape": "\""}, [["a\"b", "c", "d"]], []),
    ("a caret", "a^,b,c^^,\"d^\"\"\n", {"escape": "^"}, [["a,b", "c^", "d\""]], []),
    ("escape at the end of the file", "a,b,c\\", {"escape": "\\"}, [["a", "b", "c\\"]], []),
    ("first character of a long delimiter", "a\\||b||c||d\n", {"delimiter": "||", "escape": "\\"}, [["a||b", "c", "d"]], "drop"),
    ("codes", "a\\tb,c\\nd,\"e\\rf\\\\n\"\n", {"escape": "\\", "escape_codes": True}, [["a\tb", "c\nd", "e\rf\\n"]], []),
    ("no codes", "a\\tb,c\\nd,e\n", {"escape": "\\"}, [["a\\tb", "c\\nd", "e"]], []),
    ("no quotes", "\"a\",b\"\",'c\n", {"quote": "none"}, [["\"a\"", "b\"\"", "'c"]], []),
    ("single quotes", "'a,b','it''s','\"'\n", {"quote": "'"}, [["a,b", "it's", "\""]], []),
    ("quotes in the middle are text", "a\"b,c\"\"d,e\"\n", {}, [["a\"b", "c\"\"d", "e\""]], []),
    ("text behind a closing quote", "\"a\"b,c,d\n\"a\" ,c,d\n1,2,3\n", {}, [["1", "2", "3"]], [(1, "t.record-error"), (2, "t.record-error")]),
    ("text behind a closing quote, escape", "\"a\"b,c,d\n\"a\"\\\",c,d\n1,2,3\n", {"escape": "\\"}, [["1", "2", "3"]],
     [(1, "t.record-error"), (2, "t.record-error")]),
    ("double_quote: false", "\"a\\\"b\",c,d\n\"a\"\"b\",c,d\n", {"escape": "\\", "double_quote": False}, [["a\"b", "c", "d"]], [(2, "t.record-error")]),
    ("comments", "#1,2,3\na,#b,c\n# \"\n\"d\n#e\",f,g\n#", {"comment": "#"}, [["a", "#b", "c"], ["d\n#e", "f", "g"]], []),
    ("comments count no records", "//x\na,b,c\n//\n\n/,e\n", {"comment": "//"}, [["a", "b", "c"]], [(3, "t.c.missing-cell")]),
    ("skipped lines", "Report, of \"June\n\n\"\na,b,c\n", {"skip_lines": 3}, [["a", "b", "c"]], []),
    ("more lines skipped than there are", "a,b,c\n", {"skip_lines": 9}, [], []),
    ("initial space", "a, b,  \"c, d\"\n e,f , g\n", {"skip_initial_space": True}, [["a", "b", "c, d"], ["e", "f ", "g"]], []),
    ("line ends mixed", "a,b,c\r\nd,e,f\rg,h,i\n\"j\r\",k,l", {}, [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"], ["j\r", "k", "l"]], []),
    ("short ones padded", "a,b,c\nd\ne,f\n", {"short_rows": "pad"}, [["a", "b", "c"], ["d", N, N], ["e", "f", N]], []),
    ("short ones rejected", "a,b,c\nd,e\n", {}, [["a", "b", "c"]], [(2, "t.c.missing-cell")]),
    ("empty cells behind dropped", "a,b,c,\nd,e,f,,\ng,h,i,j\nk,l,m\n", {"long_rows": "drop_empty"},
     [["a", "b", "c"], ["d", "e", "f"], ["k", "l", "m"]], [(3, "t.extra-cell")]),
    ("quoted empty cells behind dropped", "a,b,c,\"\"\n", {"long_rows": "drop_empty"}, [["a", "b", "c"]], []),
    ("cells behind dropped", "a,b,c,d,e\n\"f\",g,h,i\n", {"long_rows": "drop"}, [["a", "b", "c"], ["f", "g", "h"]], []),
    ("cells behind rejected", "a,b,c,d\ne,f,g,\n", {}, [], [(1, "t.extra-cell"), (2, "t.extra-cell")]),
    ("pad never makes a record of a broken one", "\"a,b,c\nd\n", {"short_rows": "pad"}, [["d", N, N]], [(1, "t.record-error")]),
    ("trim in a wide dialect", " a ||\t\" b \" || \\| \n", {"delimiter": "||", "escape": "\\", "trim": True}, [["a", "b", "|"]], []),
]


def hand():
    for what, data, options, rows, rejects in CASES:
        # The escape takes the meaning of one character: the second one of the delimiter is left, and is text.
        if rejects == "drop":
            rows, rejects = [["a||b", "c", "d"]], []
            data = data.replace("\\||", "\\|\\|")
        got, found, done = load("hand", data, dict(HEADLESS, **options), ["a", "b", "c"], missing="\\N")
        check(got is not None, "%s: exit %d: %s" % (what, done.code, done.tail()))
        equal((got, found), (rows, rejects), what)


def headers():
    ok = [
        ("two rows", "id,name,\n,first,city\n1,a,b\n", {"header_rows": 2}, ["id", "name first", "city"], {}, [["1", "a", "b"]]),
        ("joined", "x,y\n1,2\na,b\n", {"header_rows": 2, "header_join": "_"}, ["x_1", "y_2"], {}, [["a", "b"]]),
        ("joined with comments between", "# c\nx,\"y\nz\"\n# d\n\n1,2\na,b\n", {"header_rows": 2, "header_join": "", "comment": "#"}, ["x1", "y\nz2"], {}, [["a", "b"]]),
        ("rows of different length", "x\n1,2,3\na,b,c\n", {"header_rows": 2}, ["x 1", "2", "3"], {}, [["a", "b", "c"]]),
        ("skipped lines in front", "Title\n\nb;a\n1;2\n", {"skip_lines": 1, "delimiter": ";"}, ["a", "b"], {}, [["2", "1"]]),
        ("a delimiter at its end", "a,b,\n1,2,\n", {"long_rows": "drop_empty"}, ["a", "b"], {}, [["1", "2"]]),
        ("labels with spaces and capitals", "Full Name,ID\nx,1\n", {}, ["name", "id"], {"columns": {"name": "Full Name", "id": "ID"}}, [["x", "1"]]),
        ("by number", "x,1,y\n", {"header": False}, ["a", "b", "c"], {"columns": {"c": 1, "a": 2}}, [["1", "y", "x"]]),
        ("by number, in an escape dialect", "x\\,,1\n", {"header": False, "escape": "\\"}, ["a", "b"], {"columns": {"a": 2}}, [["1", "x,"]]),
    ]
    for what, data, options, fields, rules, rows in ok:
        got, found, done = load("header", data, options, fields, rules)
        check(got is not None, "%s: exit %d: %s" % (what, done.code, done.tail()))
        equal((got, found), (rows, []), what)
    bad = [
        ("other case", "ID,name\n1,a\n", {}, {}, 2, ":1:1: label \"ID\" is no field of table t (did you mean \"id\"?)"),
        ("a slip", "id,nmae\n1,a\n", {}, {}, 2, ":1:4: label \"nmae\" is no field of table t (did you mean \"name\"?)"),
        ("spaces", "id, name\n1,a\n", {}, {}, 2, "has spaces around it; set trim: true"),
        ("twice", "id,name,id\n1,a,2\n", {}, {}, 2, "label \"id\" is there twice, in cells 1 and 3"),
        ("missing", "id\n1\n", {}, {}, 2, "the header has no label \"name\""),
        ("empty at the end", "id,name,\n1,a,\n", {}, {}, 2, "long_rows: drop_empty"),
        ("a renamed label missing", "id,name\n1,a\n", {}, {"columns": {"name": "Full Name"}}, 2, "says that field name has the label \"Full Name\""),
        ("a renamed label, nearly", "id,full name\n1,a\n", {}, {"columns": {"name": "Full Name"}}, 2, "(did you mean \"Full Name\"?)"),
        ("a renamed label missing, last", "id\n1\n", {}, {"columns": {"name": "Full Name"}}, 2, "no label \"Full Name\" (for field name)"),
        ("two fields for one label", "id\n1\n", {}, {"columns": {"name": "id"}}, 2, "stands for two fields"),
        ("no such field", "id,name\n1,a\n", {}, {"columns": {"nam": "x"}}, 2, "has no field \"nam\" (did you mean \"name\"?)"),
        ("a label by number", "1,a\n", {"header": False}, {"columns": {"name": "Full"}}, 2, "is no number of a cell from 1 to 2"),
        ("number 0", "1,a\n", {"header": False}, {"columns": {"name": 0}}, 2, "is no number of a cell"),
        ("number 3 of 2", "1,a\n", {"header": False}, {"columns": {"name": 3}}, 2, "is no number of a cell"),
        ("one number twice", "1,a\n", {"header": False}, {"columns": {"name": 1, "id": 1}}, 2, "cell 1 stands for two fields"),
        ("too few rows", "id,name\n", {"header_rows": 2}, {}, 4, "without even a header"),
        ("skipped too much", "id,name\n", {"skip_lines": 2}, {}, 4, "without even a header"),
    ]
    for what, data, options, rules, code, says in bad:
        got, found, done = load("header", data, options, ["id", "name"], rules)
        equal(got, None, what + " is refused")
        equal(done.code, code, what + ": " + done.tail())
        check(says in done.err, "%s: %r is not said: %s" % (what, says, done.tail()))


def options():
    """Options that do not go together are refused where they stand, before anything is read."""
    for given, says in [({"delimiter": ""}, "not empty"), ({"delimiter": "a\nb"}, "without a line end"), ({"delimiter": "x" * 33}, "delimiter of the csv source"),
                        ({"quote": "ab"}, "quote of the csv source must be one ASCII"), ({"quote": "é"}, "quote of the csv source"),
                        ({"delimiter": "|\"", }, "same character"), ({"escape": "\\\\"}, "escape of the csv source must be one"),
                        ({"escape": ","}, "\"delimiter\" and \"escape\""), ({"escape_codes": True}, "needs an escape"), ({"comment": ",#"}, "comment of the csv source"),
                        ({"comment": "\"#"}, "comment of the csv source"), ({"header_rows": 2, "header": False}, "needs header: true"),
                        ({"header_rows": 17}, "between 1 and 16"), ({"short_rows": "truncate"}, "reject or pad"), ({"long_rows": "dropempty"}, "did you mean \"drop_empty\""),
                        ({"skip_rows": 1}, "unknown option \"skip_rows\""), ({"comment_char": "#"}, "unknown option \"comment_char\"")]:
        write("dictionary.yaml", json.dumps({"resources": [{"name": "t", "schema": {"fields": [{"name": "a"}]}}]}))
        write("bad.yaml", json.dumps({"version": 1, "dictionary": "dictionary.yaml", "rules": {"table": "t"}, "sink": {"type": "json", "path": "-"},
                                      "source": dict({"type": "csv", "path": "nowhere.csv"}, **given)}))
        done = penstock("validate", tmp("bad.yaml"))
        equal(done.code, 2, "%s: %s" % (given, done.tail()))
        check(says in done.err + done.out and "bad.yaml:1:" in done.err + done.out, "%s: %r is not said: %s" % (given, says, done.tail()))


def python_dialects():
    """What Python's csv writes in a dialect is read back."""
    dice = random.Random(6)
    pieces = ["a", "B", "7", " ", ",", ";", "|", "\t", "\"", "'", "\\", "\\\\", "\n", "\r\n", "é", "\U0001f600", "#", "^", "N"]
    for delimiter, quote, escape, double, quoting in [(",", "\"", None, True, csv.QUOTE_MINIMAL), (";", "'", None, True, csv.QUOTE_ALL),
                                                      ("\t", "\"", "\\", False, csv.QUOTE_MINIMAL), ("|", "\"", "\\", False, csv.QUOTE_ALL),
                                                      (",", None, "\\", True, csv.QUOTE_NONE), ("^", "\"", "'", False, csv.QUOTE_NONNUMERIC)]:
        rows, text = [], io.StringIO()
        for _ in range(ROWS):
            rows.append(["".join(dice.choice(pieces) for _ in range(dice.randrange(1, 9))) for _ in range(3)])
        how = dict(delimiter=delimiter, quotechar=quote, escapechar=escape, doublequote=double, quoting=quoting)
        kept = []
        for row in rows:
            one = io.StringIO()
            csv.writer(one, **how, lineterminator="\n").writerow(row)
            # Older versions do not escape the escape; what Python cannot read back itself is not asked for.
            again = list(csv.reader(io.StringIO(one.getvalue(), newline=""), **how))
            if again == [row] and not (escape and any(cell.endswith(escape) for cell in row)):
                kept.append(row)
                text.write(one.getvalue())
        check(len(kept) > ROWS // 4, "only %d of %d rows survive Python itself in %r" % (len(kept), ROWS, how))
        options = {"header": False, "delimiter": delimiter, "quote": quote or "none", "double_quote": double}
        if escape:
            options["escape"] = escape
        got, found, done = load("python", text.getvalue(), options, ["a", "b", "c"])
        check(got is not None, "%r: exit %d: %s" % (how, done.code, done.tail()))
        equal(found, [], "%r: rejects" % how)
        for at, (one, two) in enumerate(zip(got, kept)):
            equal(one, two, "%r: row %d" % (how, at + 1))
        equal(len(got), len(kept), "%r: rows" % how)


def spectrum():
    folder = os.path.join(os.environ.get("PENSTOCK_SUITES") or os.path.join(TOP, "../shared/suites"), "csv-spectrum")
    if not os.path.isdir(folder):
        print("# csv-spectrum is not at hand and is left out (PENSTOCK_SUITES names the folder it is in)")
        return
    done = 0
    for name in sorted(os.listdir(os.path.join(folder, "csvs"))):
        with open(os.path.join(folder, "csvs", name), "rb") as file:
            data = file.read()
        with open(os.path.join(folder, "json", name[:-4] + ".json"), encoding="utf-8") as file:
            wanted = json.load(file)
        fields = list(wanted[0])
        got, found, run = load("spectrum", data, {}, fields)
        check(got is not None, "%s: %s" % (name, run.tail()))
        equal((got, found), ([[row[field] for field in fields] for row in wanted], []), name)
        done += 1
    check(done >= 11, "only %d files in csv-spectrum" % done)
    print("csv-spectrum: %d of %d" % (done, done))


def resynchronised():
    """One damaged record costs its own line, in time that does not grow with what follows, however it is made."""
    for data in (b"\\\n" * 200000, b"\"a\\\n" * 100000, b"a\\\nx\",\"\\\n" * 50000, b"\"\\\n\\\n\",\\\n" * 40000):
        write("long.csv", data)
        write("dictionary.yaml", json.dumps({"resources": [{"name": "t", "schema": {"fields": [{"name": "a"}, {"name": "b"}]}}]}))
        write("p.yaml", json.dumps({"version": 1, "dictionary": "dictionary.yaml", "limits": {"field": "64KiB", "record": "64KiB"},
              "rejects": {"type": "jsonl", "path": tmp("long.jsonl")}, "rules": {"table": "t"}, "sink": {"type": "json", "path": tmp("long.json")},
              "source": {"type": "csv", "path": tmp("long.csv"), "header": False, "escape": "\\"}}))
        done = penstock("run", tmp("p.yaml"), "--json", timeout=300)
        equal(done.code, 0, done.tail())
        equal(done.json["read"], done.json["written"] + done.json["rejected"] + done.json["skipped"], "books")


def all_of_it():
    hand()
    headers()
    options()
    python_dialects()
    resynchronised()
    spectrum()


main(all_of_it)
