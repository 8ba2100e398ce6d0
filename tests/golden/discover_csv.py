"""Dictionaries discovered in CSV files, held against what Python wrote into the files.

SPDX-License-Identifier: Apache-2.0
"""
import csv
import datetime
import decimal
import gzip
import io
import json
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import TOP, check, databases, equal, main, newdb, penstock, run, step_of, tmp

FILES = int(sys.argv[sys.argv.index("--files") + 1])
SEED = int(os.environ.get("PENSTOCK_TEST_SEED") or random.SystemRandom().randrange(1 << 32))


def write(name, data):
    path = tmp(name)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


def discover(path, *flags):
    """The descriptor's resource, fields by name."""
    done = penstock("discover", "csv", path, "--json", *flags)
    equal(done.code, 0, "discover %s: %s" % (path, done.tail()))
    resource = done.json["resources"][0]
    return resource, {field["name"]: field for field in resource["schema"]["fields"]}


def into(path, *flags):
    folder = tmp("found")
    shutil.rmtree(folder, ignore_errors=True)
    done = penstock("discover", "csv", path, "--into", folder, *flags)
    equal(done.code, 0, "discover %s --into: %s" % (path, done.tail()))
    for name in ("datapackage.yaml", "pipeline.yaml"):
        valid = penstock("validate", "--strict", os.path.join(folder, name))
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            equal(valid.code, 0, "%s validates: %s\n%s" % (name, valid.tail(), file.read()[:3000]))
    return folder


def load(path, records, *flags, kind="sqlite", what=""):
    """All records are there, none rejected; gives the database."""
    folder, db = into(path, *flags), newdb(kind)
    done = run(os.path.join(folder, "pipeline.yaml"), db=db)
    with open(os.path.join(folder, "datapackage.yaml"), encoding="utf-8") as file:
        equal((done.json["written"], done.json["rejected"]), (records, 0), "%s %s: written, rejected\n%s\n%s" % (path, what, file.read()[:4000], done.tail()))
    return db


# --- by hand --------------------------------------------------------------------------------------
def column(values, **wanted):
    return values, wanted


REQUIRED = {"required": True}
COLUMNS = {
    "integers": column(["1", "-20", "300"], type="integer", constraints=REQUIRED),
    "with spaces": column(["1", " 2", "3 "], type="integer", constraints=REQUIRED),
    "missing ones": column(["1", "", "3"], type="integer"),
    "words for missing": column(["1", "NA", "n/a"], type="integer", missingValues=["", "NA", "n/a"]),
    "a dash": column(["1.5", "-", ""], type="number", missingValues=["", "-"]),
    "zeros in front": column(["007", "12", "3"], type="string", constraints=REQUIRED),
    "a plus": column(["+4930123", "4930124", "4930125"], type="string", constraints=REQUIRED),
    "beyond 64 bits": column(["9223372036854775808", "1", "2"], type="number", precision=38, scale=0, constraints=REQUIRED),
    "beyond 38 digits": column(["1" * 39, "1", "2"], type="string", constraints=REQUIRED),
    "numbers": column(["1.5", "-2", "1e3"], type="number", constraints=REQUIRED),
    "more digits than a double": column(["12345678901234.5678", "1", "2"], type="number", precision=38, scale=4, constraints=REQUIRED),
    "decimal commas": column(["1,5", "-2", "3,75"], type="number", decimalChar=",", constraints=REQUIRED),
    "amounts": column(["1.50", "-2.00", "300.25"], type="number", precision=15, scale=2, constraints=REQUIRED),
    "amounts with commas": column(["1,50", "", "1.234,00"], type="number", decimalChar=",", groupChar=".", precision=15, scale=2),
    "one amount": column(["1.50", "", ""], type="number"),
    "groups": column(["1,234.5", "2", "12,345,678"], type="number", groupChar=",", constraints=REQUIRED),
    "groups of integers": column(["1,234", "2", "12,345,678"], type="integer", groupChar=",", constraints=REQUIRED),
    "points for groups": column(["1.234,5", "2", "3,75"], type="number", decimalChar=",", groupChar=".", constraints=REQUIRED),
    "spaces for groups": column(["1 234 567", "2", "345"], type="integer", groupChar=" ", constraints=REQUIRED),
    "no groups": column(["1,23,456.5", "2", "3"], type="string", constraints=REQUIRED),
    "lots": column(["12E5", "3E10", "77"], type="string", constraints=REQUIRED),
    "exponents": column(["1e+05", "2.5E3", "77"], type="number", constraints=REQUIRED),
    "versions": column(["1.9", "1.10", "1.2"], type="number", constraints=REQUIRED),
    "lengths": column(["1.9", "1.25", "1.205"], type="number", constraints=REQUIRED),
    "short years": column(["31.12.68", "01.01.69", ""], type="date", format="%d.%m.%y"),
    "offsets": column(["2021-11-07T02:48:42Z", "2021-11-07T02:48:42+01:00", "2021-11-07T02:48:42.5-02:00"], type="datetime", constraints=REQUIRED),
    "not a number": column(["1", "NaN", "2"], type="integer", missingValues=["", "NaN"]),
    "booleans": column(["true", "false", "true"], type="boolean", constraints=REQUIRED),
    "yes and no": column(["Yes", "No", ""], type="boolean", trueValues=["Yes"], falseValues=["No"]),
    "only yes": column(["Y", "Y", "Y"], type="string", constraints=REQUIRED),
    "ones": column(["1", "0", "1"], type="integer", constraints=REQUIRED),
    "dates": column(["2021-11-07", "2020-02-29", ""], type="date"),
    "no date": column(["2021-02-29", "2021-01-01", "2021-01-02"], type="string", constraints=REQUIRED),
    "German dates": column(["7.11.2021", "31.12.2021", "01.01.2022"], type="date", format="%d.%m.%Y", constraints=REQUIRED),
    "days first": column(["07/11/2021", "31/12/2021", "01/01/2022"], type="date", format="%d/%m/%Y", constraints=REQUIRED),
    "months first": column(["11/07/2021", "12/31/2021", "01/01/2022"], type="date", format="%m/%d/%Y", constraints=REQUIRED),
    "days or months": column(["11/07/2021", "12/10/2021", "01/01/2022"], type="date", format="%d/%m/%Y", constraints=REQUIRED),
    "named months": column(["07 Nov 2021", "1 Jan 2022", "31 dec 2021"], type="date", format="%d %b %Y", constraints=REQUIRED),
    "birthdate": column(["20211107", "20201231", "19991231"], type="date", format="%Y%m%d", constraints=REQUIRED),
    "eight digits": column(["20211107", "20201231", "19991231"], type="integer", constraints=REQUIRED),
    "datetimes": column(["2021-11-07T02:48:42Z", "2021-11-07T02:48:42+01:00", "2021-11-07T02:48:42.5"], type="datetime", constraints=REQUIRED),
    "with a space": column(["2021-11-07 02:48:42", "2021-11-07 23:00:00", "2021-01-01 00:00:00"], type="datetime", format="%Y-%m-%d %H:%M:%S", constraints=REQUIRED),
    "American": column(["11/07/2021 2:48 PM", "12/31/2021 12:00 AM", "1/1/2022 11:59 pm"], type="datetime", format="%m/%d/%Y %I:%M %p", constraints=REQUIRED),
    "times": column(["02:48:42", "23:59:59.5", "00:00:00"], type="time", constraints=REQUIRED),
    "short times": column(["02:48", "23:59", "0:00"], type="time", format="%H:%M", constraints=REQUIRED),
    "release year": column(["1999", "2021", "2020"], type="year", constraints=REQUIRED),
    "four digits": column(["1999", "2021", "2020"], type="integer", constraints=REQUIRED),
    "months": column(["2021-11", "2020-02", ""], type="yearmonth"),
    "tokens": column(["0190a1b2-0000-7000-8000-000000000001", "0190A1B2-0000-7000-8000-000000000002", ""], type="string", format="uuid"),
    "mail": column(["a@example.com", "b.c@example.org", ""], type="string", format="email"),
    "mail or nothing": column(["a@example.com", "b.c@example.org", "NULL"], type="string", format="email", missingValues=["", "NULL"]),
    "links": column(["https://example.com/a", "http://example.org", ""], type="string", format="uri"),
    "texts": column(["a", "", "c"], type="string"),
    "Namibia": column(["NA", "DE", "FR"], type="string", constraints=REQUIRED),
    "MySQL's null": column(["\\N", "DE", "FR"], type="string", missingValues=["", "\\N"]),
    "nothing": column(["", "", ""], type="string"),
    "spaces": column(["  ", "a", "b"], type="string", constraints=REQUIRED),
    "two kinds": column(["1", "a", "2.5"], type="string", constraints=REQUIRED),
}


DOUBTS = {
    "days or months": "NOT SURE: no value tells whether the day or the month comes first",
    "datetimes": "NOT SURE: 1 of 3 have no offset (such as Z or +01:00) and are taken for UTC",
    "versions": "NOT SURE: some end in a zero behind the decimal mark",
    "short years": "NOT SURE: years of two digits",
}


def columns():
    for name, (values, wanted) in COLUMNS.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if "," in "".join(values) else csv.QUOTE_MINIMAL)
        writer.writerows([["key no " + str(at), "n %d" % at, value] for at, value in enumerate(values)])
        path = write("column.csv", "first,second,%s\n%s" % (name, text.getvalue()))
        resource, fields = discover(path, "--header", "yes")
        equal({key: value for key, value in fields[name].items() if key != "name"}, wanted, name)
        db = load(path, len(values), "--header", "yes", what=name)
        null = sum(1 for value in values if value in wanted.get("missingValues", [""]))
        equal(int(db.query('select count(*) from "column" where "%s" is null' % name)[0][0]), null, name + ": nulls")
        with open(tmp("found/datapackage.yaml"), encoding="utf-8") as file:
            check(("NOT SURE" in file.read()) == (name in DOUBTS), name + ": sure or not")
        check(DOUBTS.get(name, "") in penstock("discover", "csv", path, "--header", "yes").out, name + ": what is not sure")
    ambiguous = write("column.csv", "k;amount\na;1,234\nb;5,678\n")
    equal(discover(ambiguous)[1]["amount"]["decimalChar"], ",", "where semicolons cut cells, the comma is rather a decimal one")
    check("NOT SURE: no value tells whether the comma" in penstock("discover", "csv", ambiguous).out, "the comma is not sure")
    ambiguous = write("column.csv", "k,amount\na,\"1,234\"\nb,\"5,678\"\n")
    equal((discover(ambiguous)[1]["amount"]["type"], discover(ambiguous)[1]["amount"]["groupChar"]), ("integer", ","), "where commas cut cells, it rather groups digits")
    point = "NOT SURE: no value tells whether the point"
    ambiguous = write("column.csv", "k;amount\na;1.234\nb;5.678\n")
    equal({key: value for key, value in discover(ambiguous)[1]["amount"].items() if key != "name"}, {"type": "number", "constraints": REQUIRED}, "a point among semicolons")
    check(point in penstock("discover", "csv", ambiguous).out, "the point is not sure")
    ambiguous = write("column.csv", "k;amount;price\na;1.234;1,50\nb;5.678;2,75\n")
    fields = discover(ambiguous)[1]
    equal((fields["amount"]["type"], fields["amount"]["groupChar"]), ("integer", "."), "beside decimal commas a point rather groups digits")
    equal((fields["price"]["decimalChar"], fields["price"]["scale"]), (",", 2), "the column that is sure")
    equal(penstock("discover", "csv", ambiguous).out.count("NOT SURE"), 1, "one of them is not sure")
    check(point not in penstock("discover", "csv", write("column.csv", "k,amount\na,1.234\nb,5.678\n")).out, "where commas cut cells the point is the decimal one")


# Values of which nearly all are of one type, and what is said; None: nothing is.
DAYS = ["%02d.03.2021" % day for day in range(10, 19)]
NEARLY = {
    "a day that is none": (DAYS[:5] + ["30.02.2021"] + DAYS[5:], '9 of 10 are dates %d.%m.%Y; line 7 has "30.02.2021": type: date would reject it'),
    "a number first": (["12"] + DAYS, '9 of 10 are dates %d.%m.%Y; line 2 has "12": type: date would reject it'),
    "a text last": (["1", "2", "3", "4", "free"], '4 of 5 are integers; line 6 has "free": type: integer would reject it'),
    "words for missing are no values": (["1.5", "2", "NA", "3", "4", "on request"], '4 of 5 are numbers; line 7 has "on request": type: number would reject it; '
                                         '1 like "NA" or "null", kept as text'),
    "decimal commas": (["1,5", "2,75", "3", "4,5", "a \"few\""], '4 of 5 are numbers with decimalChar ","; line 6 has "a "few"": type: number would reject it'),
    "default format": (["2021-11-07", "2021-11-08", "soon", "2021-11-09", "2021-11-10"], '4 of 5 are dates; line 4 has "soon": type: date would reject it'),
    "a time of day": (["2021-11-07 10:00:00"] * 4 + ["2021-11-07 25:00:00"],
                      '4 of 5 are datetimes %Y-%m-%d %H:%M:%S; line 6 has "2021-11-07 25:00:00": type: datetime would reject it'),
    "maybe": (["maybe", "yes", "no", "no", "yes"], '4 of 5 are booleans (yes, no); line 2 has "maybe": type: boolean would reject it'),
    "no address": (["a@example.com"] * 4 + ["unknown"], '4 of 5 are e-mail addresses; line 6 has "unknown": format: email would reject it'),
    "no token": (["0190a1b2-0000-7000-8000-000000000001"] * 4 + ["x" * 60], '4 of 5 are UUIDs; line 6 has "%s...": format: uuid would reject it' % ("x" * 48)),
    "two that differ": (["a", "1", "b"] + ["%d" % n for n in range(2, 9)], '8 of 10 are integers; line 2 has "a": type: integer would reject it'),
    "three of four": (["1", "2", "3", "x"], None),
    "seven of ten": (["1", "2", "3", "4", "5", "6", "7", "x", "y", "z"], None),
    "zeros in front": (["12", "13", "14", "15", "007"], None),
    "a plus in front": (["12", "13", "14", "15", "+7"], None),
    "only yes": (["yes", "yes", "yes", "yes", "yes", "unknown"], None),
}


def nearly():
    for what, (values, says) in NEARLY.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["n", "value"]] + [["row %d" % at, value] for at, value in enumerate(values)])
        path = write("nearly.csv", text.getvalue())
        equal(discover(path, "--header", "yes")[1]["value"]["type"], "string", what)
        load(path, len(values), "--header", "yes", what=what)
        with open(tmp("found/datapackage.yaml"), encoding="utf-8") as file:
            found = file.read()
        said = [line.split("NOT SURE: ")[1].rstrip() for line in found.splitlines() if "NOT SURE: " in line]
        equal(said, [says] if says else [], what)
        kind = says and says.split("type: ")[-1].split(" ")[0]
        if what in ("a day that is none", "a number first", "a text last", "default format", "a time of day"):
            # What it says of the type is so.
            form = ', format: "%s"' % says.split(" ", 5)[5].split(";")[0] if "%" in says else ""
            with open(tmp("found/datapackage.yaml"), "w", encoding="utf-8") as file:
                file.write(found.replace("name: value, type: string", "name: value, type: %s%s" % (kind, form)))
            done = run(tmp("found/pipeline.yaml"), db=newdb("sqlite"))
            equal((done.json["written"], done.json["rejected"]), (len(values) - 1, 1), "%s: with type: %s, %s" % (what, kind, done.tail()))
    text = "n,when\n" + "".join("%d,%s\n" % (at, "2021-%02d-%02d" % (at % 12 + 1, at % 28 + 1)) for at in range(20000)) + "20000,2021-02-30\n"
    said = penstock("discover", "csv", write("nearly.csv", text)).out
    check('NOT SURE: 20,000 of 20,001 are dates; line 20,002 has "2021-02-30": type: date would reject it' in said, said)


# what, bytes, keys of the source that the pipeline must have, names and types, records
DIALECTS = [
    ("commas", "id,name\n1,a\n2,b\n", {}, ["id integer", "name string"], 2),
    ("semicolons and decimal commas", "id;price\n1;2,5\n2;3,75\n", {"delimiter": ";"}, ["id integer", "price number"], 2),
    ("tabs, commas in texts", "id\ttext\n1\tone, two\n2\tthree\n3\tfour, five, six\n", {"delimiter": "\t"}, ["id integer", "text string"], 3),
    ("bars", "id|at\n1|2021-11-07\n2|2021-11-08\n", {"delimiter": "|"}, ["id integer", "at date"], 2),
    ("two bars", "id||at\n1||2021-11-07\n2||2021-11-08\n", {"delimiter": "||"}, ["id integer", "at date"], 2),
    ("broken bars", "id¦name\n1¦é\n2¦b\n", {"delimiter": "¦"}, ["id integer", "name string"], 2),
    ("quoted delimiters and line ends", "id,name\n1,\"a;b;c\nd;e\"\n2,\"f,g\"\n", {}, ["id integer", "name string"], 2),
    ("single quotes", "id,name\n1,'a,b'\n2,'c,d'\n3,'e'\n", {"quote": "'"}, ["id integer", "name string"], 3),
    ("escaped quotes", "id,name\n1,\"say \\\"a, b\\\" now\"\n2,\"\\\"x\\\"\"\n", {"escape": "\\"}, ["id integer", "name string"], 2),
    ("MySQL", "1\ta\\\tb\tx\n2\tc\\\nd\t\\N\n3\te\t\\N\n", {"delimiter": "\t", "escape": "\\", "header": False},
     ["column_1 integer", "column_2 string", "column_3 string"], 3),
    ("no header", "1,2021-11-07,a\n2,2021-11-08,b\n3,2021-11-09,c\n", {"header": False}, ["column_1 integer", "column_2 date", "column_3 string"], 3),
    ("comments", "# made by hand\nid,name\n1,a\n# between, these\n2,b\n", {"comment": "#"}, ["id integer", "name string"], 2),
    ("a header that begins like a comment", "#id,name\n1,a\n2,b\n", {}, ["#id integer", "name string"], 2),
    ("a title", "Report of June\n\nid,name,n\n1,a,5\n2,b,6\n3,c,7\n", {"skip_lines": 2}, ["id integer", "name string", "n integer"], 3),
    ("a semicolon in every text, but not in the header", "id\tname\tnote\n" + "".join('%d\tPat "the" %d\ta, b; c\n' % (i, i) for i in range(1, 40)),
     {"delimiter": "\t"}, ["id integer", "name string", "note string"], 39),
    ("Excel says what cuts", "sep=;\nid;name\n1;a,b,c\n2;b,d,e\n", {"delimiter": ";", "skip_lines": 1}, ["id integer", "name string"], 2),
    ("spaces behind commas", "id, name, n\n1, \"a, b\", 5\n2, c, 6\n", {"skip_initial_space": True}, ["id integer", "name string", "n integer"], 2),
    ("a delimiter at every end", "id,name,\n1,a,\n2,b,\n", {"long_rows": "drop_empty"}, ["id integer", "name string"], 2),
    ("some delimiters at ends", "id,name\n1,a\n2,b,\n3,c\n", {"long_rows": "drop_empty"}, ["id integer", "name string"], 3),
    ("short records", "id,name,n\n1,a,5\n2,b\n3,c,7\n4\n", {"short_rows": "pad"}, ["id integer", "name string", "n integer"], 4),
    ("one column", "name\na\nb\nc\n", {}, ["name string"], 3),
    ("one column of sentences", "1\n2\n3\n4,5\n", {"header": False, "delimiter": "\t"}, ["column_1 number"], 4),
    ("a label for row numbers is missing", ",a,b\n0,x,1.5\n1,y,2.5\n", {"header": False, "skip_lines": 1}, ["column_1 integer", "a string", "b number"], 2),
    ("labels twice", "id,n,n,N\n1,2,3,a\n4,5,6,b\n", {"header": False, "skip_lines": 1}, ["id integer", "n integer", "n_2 integer", "N_3 string"], 2),
    ("labels with spaces around", "id , name\n1,a\n2,b\n", {"header": False, "skip_lines": 1}, ["id integer", "name string"], 2),
    ("a label of two lines", "id,\"two\nlines\"\n1,a\n2,b\n", {"header": False, "skip_lines": 2}, ["id integer", "two lines string"], 2),
    ("years as labels", "name,2019,2020\na,1.5,2\nb,3,4.5\nc,1,2\n", {"header": False}, None, None),
    ("CR alone", "id,name\r1,a\r2,b\r", {}, ["id integer", "name string"], 2),
    ("byte order mark", "\ufeffid,name\n1,a\n2,b\n", {}, ["id integer", "name string"], 2),
    ("windows-1252", "id,name\n1,é“x”\n2,ß\n".encode("windows-1252"), {"encoding": "windows-1252"}, ["id integer", "name string"], 2),
    ("UTF-16 with a mark", "id,name\n1,é\n2,漢\n".encode("utf-16"), {}, ["id integer", "name string"], 2),
    ("UTF-16 without", "id,name\n1,abc\n2,def\n".encode("utf-16-le"), {"encoding": "utf-16le"}, ["id integer", "name string"], 2),
    ("gzip", gzip.compress(b"id;name\n1;a\n2;b\n"), {"delimiter": ";"}, ["id integer", "name string"], 2),
    ("spaces alone among numbers", "id,n\n1,5\n2,  \n3,6\n", {"trim": True}, ["id integer", "n integer"], 3),
    ("letters beyond the sample", "id,name\n" + "".join("%d,abcdefghijklmnop\n" % n for n in range(60000)) + "60000,\xe9\n", {}, ["id integer", "name string"], 60001),
    ("windows-1252 beyond the sample", ("id,name\n" + "".join("%d,abcdefghijklmnop\n" % n for n in range(60000)) + "60000,\xe9\n").encode("latin-1"),
     {"encoding": "windows-1252"}, ["id integer", "name string"], 60001),
]


def dialects():
    import yaml
    for what, data, options, names, records in DIALECTS:
        path = write("file.csv", data)
        if names is None:
            continue
        folder = into(path)
        with open(os.path.join(folder, "pipeline.yaml"), encoding="utf-8") as file:
            source = yaml.safe_load(file)["steps"][0]["source"]
        equal({key: value for key, value in source.items() if key not in ("type", "path")}, options, what + ": the source")
        with open(os.path.join(folder, "datapackage.yaml"), encoding="utf-8") as file:
            fields = yaml.safe_load(file)["resources"][0]["schema"]["fields"]
        equal(["%s %s" % (field["name"], field["type"]) for field in fields], names, what + ": the fields")
        load(path, records, what=what)
    doubt = "NOT SURE: not all of it is UTF-8, and windows-1252 is the likeliest"
    for data, said in ((b"id,name\n1,caf\xe9\n", True), ("id,name\n1,caf\xe9\n2,".encode() + b"\xe9\n", True), ("id,name\n1,caf\xe9\n".encode(), False), (b"id,name\n1,cafe\n", False)):
        equal(doubt in penstock("discover", "csv", write("guessed.csv", data)).out, said, "whether the encoding of %r is a guess" % data)
    check(doubt not in penstock("discover", "csv", write("guessed.csv", b"id,name\n1,\xe9\n"), "--encoding", "windows-1252").out, "an encoding that was said")
    copied = penstock("discover", "csv", write("copied.csv", "id\tname\tn\n1\ta\\tb\t\\N\n2\tc\\\\d\t5\n3\te\t6\n")).out
    check("NOT SURE: 2 cells have a backslash, beside others that are \\N: where MySQL or PostgreSQL's COPY wrote them, the source needs escape: \"\\\\\" and escape_codes: true" in copied, copied)
    for text in ("id\tname\tn\n1\ta\t\\N\n2\tc\t5\n", "id\tname\tn\n1\tC:\\x\t5\n2\tc\t5\n"):
        check("backslash" not in penstock("discover", "csv", write("copied.csv", text)).out, "nothing to say of " + repr(text))
    marked = write("marked.csv", "id,name\n1,é\n2,漢\n".encode("utf-16-be").join((b"\xfe\xff", b"")))
    said = penstock("discover", "csv", marked)
    check("utf-16be by its byte order mark, cut by comma" in said.out, said.out)
    equal(yaml.safe_load(said.out)["resources"][0]["encoding"], "utf-16", "as Python calls UTF-16 with a mark")


# what, text, flags, keys of the source, lines of the header in the dialect, names and types, records, what is said
IN_FRONT = [
    ("a padded title", "Export;;;\nid;name;price;at\n1;a;2,5;2021-01-02\n2;b;3,75;2021-01-03\n", [], {"delimiter": ";", "skip_lines": 1}, [2],
     ["id integer", "name string", "price number", "at date"], 2, "NOT SURE: the first line is left out as a title: something stands in one cell alone; see --skip-lines"),
    ("titles, CR LF, and a line of delimiters", "Export of,,\r\n\"a, b\",,\r\n,,\r\nid,name,n\r\n1,a,5\r\n2,b,6\r\n3,c,7\r\n", [], {"skip_lines": 3}, [4],
     ["id integer", "name string", "n integer"], 3, "NOT SURE: the first 3 lines are left out as a title"),
    ("a title in the middle", ",,Report,\nid,name,n,m\n1,a,5,6\n2,b,6,7\n", [], {"skip_lines": 1}, [2],
     ["id integer", "name string", "n integer", "m integer"], 2, "NOT SURE: the first line is left out as a title"),
    ("no labels beneath", "Export;;;\n1;a;2,5;x\n2;b;3,75;y\n", ["--header", "no"], {"delimiter": ";", "header": False}, None,
     ["column_1 string", "column_2 string", "column_3 number", "column_4 string"], 3, "NOT SURE: the first line could be a title: something stands in one cell alone; see --skip-lines"),
    ("the same, told", "Export;;;\n1;a;2,5;x\n2;b;3,75;y\n", ["--header", "no", "--skip-lines", "1"], {"delimiter": ";", "header": False, "skip_lines": 1}, None,
     ["column_1 integer", "column_2 string", "column_3 number", "column_4 string"], 2, None),
    ("told that it is none", "Export;;;\nid;name;price;at\n1;a;2;x\n", ["--header", "no", "--skip-lines", "0"], {"delimiter": ";", "header": False}, None,
     ["column_1 string", "column_2 string", "column_3 string", "column_4 string"], 3, None),
    ("two columns", "Export,\nid,name\n1,a\n2,b\n", ["--header", "no"], {"header": False}, None, ["column_1 string", "column_2 string"], 4, None),
    ("titles that look like records", "a,b,c\nd,e,f\nid,n,m\n1,2,3\n4,5,6\n", ["--skip-lines", "2"], {"skip_lines": 2}, [3],
     ["id integer", "n integer", "m integer"], 2, None),
    ("two lines of labels", "who,2020,,2021\nname,plan,real,plan\na,1,2,3\nb,4,5,6\n", ["--header-rows", "2"], {"header_rows": 2}, [1, 2],
     ["who name string", "2020 plan integer", "real integer", "2021 plan integer"], 2, None),
    ("behind a title, with an empty line", "Report\nx,a,\n\n,b,c\n1,2,3\n4,5,6\n", ["--skip-lines", "1", "--header-rows", "2"], {"skip_lines": 1, "header_rows": 2},
     [2, 4], ["x integer", "a b integer", "c integer"], 2, None),
    ("labels that come again", "2020,,2021,\nplan,real,plan,real\n1,2,3,4\n", ["--header-rows", "2"], {"header": False, "skip_lines": 2}, [1, 2],
     ["2020 plan integer", "real integer", "2021 plan integer", "real_2 integer"], 1, None),
    ("the second line is longer", "x\na,b\n1,2\n3,4\n", ["--header-rows", "2", "--skip-lines", "0"], {"header_rows": 2}, [1, 2], ["x a integer", "b integer"], 2, None),
]


def lines_in_front():
    import yaml
    for what, text, flags, options, rows, names, records, says in IN_FRONT:
        path = write("front.csv", text)
        load(path, records, *flags, what=what)
        with open(tmp("found/pipeline.yaml"), encoding="utf-8") as file:
            source = yaml.safe_load(file)["steps"][0]["source"]
        equal({key: value for key, value in source.items() if key not in ("type", "path")}, options, what + ": the source")
        with open(tmp("found/datapackage.yaml"), encoding="utf-8") as file:
            found = file.read()
        resource = yaml.safe_load(found)["resources"][0]
        equal((resource["dialect"]["header"], resource["dialect"].get("headerRows")), (rows is not None, None if rows == [1] else rows), what + ": the dialect")
        equal(["%s %s" % (field["name"], field["type"]) for field in resource["schema"]["fields"]], names, what + ": the fields")
        check("# - " + says in found if says else "a title" not in found, what + ": " + found)
    path = write("front.csv", "a,b\n1,2\n")
    for flags, code, says in [(("--skip-lines", "2"), 4, "has no record behind 2 lines"), (("--header-rows", "3"), 4, "has 2 records, fewer than --header-rows 3"),
                              (("--header-rows", "17"), 2, "--header-rows 16"), (("--skip-lines", "1000001"), 2, "--skip-lines is 1000000 at most"),
                              (("--skip-lines", "9223372036854775808"), 2, "skip-lines"), (("--skip-lines", "-1"), 2, "skip-lines"),
                              (("--header-rows", "0"), 2, "header-rows"), (("--header-rows", "2", "--header", "no"), 2, "leave --header no out")]:
        done = penstock("discover", "csv", path, *flags)
        equal(done.code, code, "%s: %s" % (flags, done.tail()))
        check(says in done.err, "%s: %r is not said: %s" % (flags, says, done.tail()))
    done = penstock("discover", "odbc", "env:X", "--skip-lines", "1")
    check(done.code == 2 and "--skip-lines is for CSV files" in done.err, done.tail())


# --- at random ------------------------------------------------------------------------------------
def made(dice, rows, decimal_comma):
    """A column: type, format, values as text, and as the database has them."""
    kind = dice.choice(["integer", "integer", "number", "number", "string", "string", "date", "datetime", "boolean", "time", "uuid"])
    form = None
    if kind == "date":
        form = dice.choice(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y"])
    if kind == "datetime":
        form = dice.choice(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M"])
    alphabet = "abcXYZ  ,;|\t\"'\n.-_é漢0123456789"
    values = []
    for _ in range(rows):
        if kind == "integer":
            values.append(str(dice.randint(-10**dice.randrange(1, 18), 10**dice.randrange(1, 18))))
        elif kind == "number":
            values.append(("%.*f" % (dice.randrange(1, 4), dice.uniform(-1e6, 1e6))).replace(".", "," if decimal_comma else "."))
        elif kind == "string":
            values.append("x" + "".join(dice.choice(alphabet) for _ in range(dice.randrange(0, 20))) + "y")
        elif kind in ("date", "datetime"):
            moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=dice.randrange(0, 60 * 365 * 86400))
            values.append(moment.strftime(form))
        elif kind == "time":
            values.append("%02d:%02d:%02d" % (dice.randrange(24), dice.randrange(60), dice.randrange(60)))
        elif kind == "boolean":
            values.append(dice.choice(["true", "false"]))
        else:
            values.append("%08x-0000-4000-8000-%012x" % (dice.randrange(1 << 32), dice.randrange(1 << 48)))
    # Something that tells day from month, and a number from an integer.
    if kind in ("date", "datetime"):
        values[0] = datetime.datetime(2021, 3, 31, 13, 14).strftime(form)
    if kind == "number":
        values[0] = "0,5" if decimal_comma else "0.5"
    missing = dice.choice([None, None, "", "NA", "NULL", "-"])
    if missing is not None and kind != "string":
        for at in range(1, rows):
            if dice.random() < 0.2:
                values[at] = missing
    return kind, values


def at_random():
    for number in range(FILES):
        dice = random.Random("%d-%d" % (SEED, number))
        # Tabs and bars do not stand in numbers; commas do where the decimal comma is used.
        delimiter = dice.choice([",", ";", "\t", "|"])
        comma = delimiter != "," and dice.random() < 0.4
        rows = dice.choice([12, 30, 200])
        columns = [made(dice, rows, comma) for _ in range(dice.randrange(3, 9))]
        header = dice.random() < 0.7
        encoding = dice.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"])
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter, lineterminator=dice.choice(["\n", "\r\n"]), quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
        names = ["field %d" % at for at in range(len(columns))] if header else ["column_%d" % (at + 1) for at in range(len(columns))]
        if header:
            writer.writerow(names)
        writer.writerows(zip(*(values for _, values in columns)))
        path = write("random.csv", text.getvalue().encode(encoding))
        what = "file %d of seed %d" % (number, SEED)
        typed = header or any(kind != "string" for kind, _ in columns)
        flags = [] if typed and any(kind != "string" for kind, _ in columns) else ["--header", "yes" if header else "no"]
        resource, fields = discover(path, *flags)
        equal(list(fields), names, what + ": the fields, cut by %r" % delimiter)
        for (kind, values), name in zip(columns, names):
            field = fields[name]
            wanted = "string" if kind == "uuid" else kind
            if kind == "string" or field["type"] != wanted:
                equal(field["type"], wanted, "%s: the type of %s: %r" % (what, name, values[:5]))
        db = load(path, rows, *flags, what=what)
        texts = [(name, values) for (kind, values), name in zip(columns, names) if kind == "string"]
        for name, values in texts[:1]:
            got = sorted(row[0] for row in db.query('select "%s" from "random"' % name))
            equal(got, sorted(values), what + ": texts of " + name)
    print("%d files at random, seed %d" % (FILES, SEED))


# --- real data ------------------------------------------------------------------------------------
def real():
    folder = os.path.join(TOP, "../shared/data/hr")
    if not os.path.isdir(folder):
        folder = os.path.join(TOP, "examples/hr/data")
    for name, types in (("departments", ["integer", "string"]), ("jobs", ["integer", "string"]),
                        ("hired_employees", ["integer", "string", "datetime", "integer", "integer"])):
        path = os.path.join(folder, name + ".csv")
        with open(path, encoding="utf-8") as file:
            rows = list(csv.reader(file))
        resource, fields = discover(path)
        equal([field["type"] for field in fields.values()], types, name)
        equal((resource["name"], resource["dialect"]["header"], resource["schema"]["primaryKey"]), (name, False, "column_1"), name)
        for at, field in enumerate(fields.values()):
            missing = any(row[at] == "" for row in rows)
            equal(field.get("constraints", {}).get("required", False), not missing, "%s: %s is required" % (name, field["name"]))
        for kind in databases():
            db = load(path, len(rows), kind=kind)
            _, got = dbdump.table_rows(db, name, ["column_1"])
            equal(len(got), len(rows), name)
    folder = os.path.join(os.environ.get("PENSTOCK_SUITES") or os.path.join(TOP, "../shared/suites"), "csv-spectrum")
    if not os.path.isdir(folder):
        print("# csv-spectrum is not at hand and is left out (PENSTOCK_SUITES names the folder it is in)")
        return
    for name in sorted(os.listdir(os.path.join(folder, "csvs"))):
        with open(os.path.join(folder, "json", name[:-4] + ".json"), encoding="utf-8") as file:
            wanted = json.load(file)
        db = load(os.path.join(folder, "csvs", name), len(wanted))
        table = name[:-4]
        names = list(wanted[0])
        got = db.query('select %s from "%s"' % (", ".join('"%s"' % field for field in names), table))
        spell = lambda rows: sorted(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
        equal(spell(got), spell([row[field] for field in names] for row in wanted), name)


# --- the command ----------------------------------------------------------------------------------
def keys():
    text = "code,name,n\n" + "".join("c%03d,n%d,%d\n" % (at, at % 7, at) for at in range(50))
    resource, fields = discover(write("keys.csv", text))
    equal((resource["schema"]["primaryKey"], fields["code"]["constraints"]), ("code", {"required": True, "maxLength": 8}), "a key of text has a length")
    check("# - n could be a key, too: no two of its values are alike" in penstock("discover", "csv", tmp("keys.csv")).out, "another candidate is named")
    resource, fields = discover(write("keys.csv", text + "c001,again,50\n"))
    equal(resource["schema"].get("primaryKey"), None, "a value that comes twice is no key")
    resource, fields = discover(write("keys.csv", text.replace("c007", "")))
    equal(resource["schema"].get("primaryKey"), None, "nor is one that is missing")
    resource, fields = discover(write("keys.csv", "id,x\n1,a\n 1,b\n2,c\n"))
    equal(resource["schema"].get("primaryKey"), None, "spaces do not make a number another one")


def flags():
    path = write("flags.csv", "a,b\n1,x\n2,yy\n3,\n")
    resource, fields = discover(path, "--constraints", "--name", "things")
    equal((resource["name"], fields["a"]["constraints"], fields["b"]["constraints"]),
          ("things", {"required": True, "minimum": 1, "maximum": 3}, {"maxLength": 2}), "constraints")
    load(path, 3, "--constraints")
    equal(list(discover(path, "--header", "no")[1]), ["column_1", "column_2"], "--header no")
    check("the first 2 records" in penstock("discover", "csv", path, "--sample", "3").out, "--sample is said")
    equal(list(discover(path, "--delimiter", ";")[1]), ["a,b"], "--delimiter")
    done = penstock("discover", "csv", path, "--pipeline")
    check(done.code == 0 and "type: csv" in done.out and "resources" not in done.out, "--pipeline: " + done.tail())
    folder = into(path)
    again = penstock("discover", "csv", path, "--into", folder)
    near = penstock("discover", "csv", os.path.relpath(path), "--into", tmp("near"))
    check("from the folder that you are in: it reads %s, relative to where it runs" % os.path.relpath(path) in near.err, near.err)
    equal(again.code, 2, again.tail())
    check("datapackage.yaml: is there already" in again.err, again.tail())
    for arguments, says in [(("avro", path, "--header", "no"), "--header is for CSV files"), (("csv", path, "--table", "x"), "--name names the table"),
                            (("csv", path, "--into", tmp("x"), "--json"), "leave --json out"), (("csv", path, "--pipeline", "--json"), "leave --json out"),
                            (("csv", path, "--delimiter", ""), "delimiter"), (("csv", path, "--quote", "ab"), "quote"),
                            (("csv", path, "--encoding", "klingon"), "klingon"), (("csv", path, "--header", "maybe"), "maybe"), (("cvs", path), "did you mean \"csv\"")]:
        done = penstock("discover", *arguments)
        equal(done.code, 2, "%s: %s" % (arguments, done.tail()))
        check(says in done.err, "%s: %r is not said: %s" % (arguments, says, done.tail()))


def hostile():
    dice = random.Random(SEED)
    many = ",".join("c%d" % at for at in range(4096)) + "\n" + ",".join("1" for _ in range(4096)) + "\n"
    fine = [("one record", "a,b\n", 1), ("4096 columns", many, 1), ("quotes without end", "a,b\n1,\"x\n2,y\n3,z\n", None), ("names to be quoted", "\"a: #\",\"- {b}\"\n1,2\n", 1),
            ("names that turn lines", "a\u2028b,c\u202ed,\x85e\n1,2,3\n", 1), ("long labels", "a" * 90 + "," + "é" * 60 + "\n1,2\n", 1),
            ("a name like a parameter", "${HOME},b\n1,2\n3,4\n", 2)]
    for what, data, records in fine:
        path = write("host${ile}.csv" if records else "hostile.csv", data)
        if what == "4096 columns":
            # More than SQLite has.
            equal(len(discover(path)[1]), 4096, what)
            into(path)
        elif records:
            load(path, records, *(["--header", "no"] if what == "one record" else []), what=what)
        else:
            equal(penstock("discover", "csv", path).code, 0, what)
    bad = [("empty", b"", 4, "is empty"), ("only lines", b"\n\n\n", 4, "has no record"), ("only comments", b"# a\n# b\n", None, ""), ("NUL", b"a,b\n1,\0\n", 4, "NUL byte at byte 6"),
           ("binary", bytes(range(256)) * 50, 4, "NUL byte"), ("control characters", bytes(range(1, 9)) * 500, 4, "control characters"),
           ("4097 columns", many.replace("\n", ",1\n").encode(), 4, "limits.columns"), ("a huge line", b"x" * (6 << 20), 4, "longer than 4 MiB"),
           ("noise", bytes(dice.randrange(256) for _ in range(5000)), None, "")]
    for what, data, code, says in bad:
        done = penstock("discover", "csv", write("hostile.csv", data))
        check(done.code in ((0, 4) if code is None else (code,)), "%s: %s" % (what, done.tail()))
        check(says in done.err, "%s: %r is not said: %s" % (what, says, done.tail()))
    for path, says in ((tmp("absent.csv"), "No such file"), (tmp(), "is a folder"), ("-", "read more than once")):
        done = penstock("discover", "csv", path)
        equal(done.code, 4, done.tail())
        check(says in done.err, done.tail())


def all_of_it():
    columns()
    nearly()
    dialects()
    lines_in_front()
    keys()
    flags()
    hostile()
    real()
    at_random()


main(all_of_it)
