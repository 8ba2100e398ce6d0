"""`penstock test`, with expectations written down by hand.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, main, penstock, tmp  # noqa: E402

DICTIONARY = """
resources:
  - name: teams
    schema:
      fields: [{ name: code, type: string, constraints: { pattern: "[A-Z]{2}-[0-9]{3}" } }, { name: title, type: string }]
      primaryKey: code
  - name: people
    schema:
      fields:
        - { name: id, type: integer, constraints: { minimum: 10, maximum: 99 } }
        - { name: name, type: string, constraints: { required: true, minLength: 2, maxLength: 8 } }
        - { name: mail, type: string, format: email, constraints: { unique: true } }
        - { name: team, type: string }
        - { name: size, type: string, constraints: { enum: [small, large] } }
        - { name: price, type: number, precision: 6, scale: 2, decimalChar: ",", constraints: { exclusiveMinimum: "0", exclusiveMaximum: "100" } }
        - { name: weight, type: number, constraints: { minimum: 0.5, maximum: 2.5 } }
        - { name: born, type: date, format: "%d/%m/%Y", constraints: { minimum: "01/01/1900", maximum: "31/12/2020" } }
        - { name: seen, type: datetime }
        - { name: clock, type: time, constraints: { maximum: "12:00:00" } }
        - { name: month, type: yearmonth, constraints: { minimum: "2020-02" } }
        - { name: year, type: year, constraints: { exclusiveMinimum: 1999 } }
        - { name: ok, type: boolean }
        - { name: u, type: string, format: uuid }
        - { name: bin, type: string, format: binary, constraints: { maxLength: 4 } }
        - { name: o, type: object, constraints: { minLength: 1, maxLength: 2 } }
        - { name: a, type: array }
        - { name: region, type: string }
        - { name: no, type: integer }
      primaryKey: id
      uniqueKeys: [[region, no]]
      foreignKeys: [{ fields: team, reference: { resource: teams, fields: code } }]
"""
SMALL = """
resources:
  - name: teams
    schema: { fields: [{ name: code, type: string }], primaryKey: code }
  - name: people
    schema:
      fields: [{ name: id, type: integer }, { name: name, type: string, constraints: { required: true, maxLength: 8 } }, { name: team, type: string },
               { name: price, type: number, precision: 6, scale: 2 }, { name: born, type: date, format: "%d/%m/%Y" }]
      primaryKey: id
      foreignKeys: [{ fields: team, reference: { resource: teams, fields: code } }]
"""
HEAD = """version: 1
name: cases
dictionary: %s
params: { floor: { default: "0", type: integer } }
connections: { db: { type: odbc, connect: "Driver=SQLite3;Database=%s/nowhere/none.db" } }
steps:
  - name: people
    source: { type: csv, path: nowhere.csv, delimiter: ";" }
    transform: { sql: "select id, trim(name) as name, team, price, born from batch where id > ${params.floor}" }
    rules: { table: people }
    sink: { type: odbc, connection: db, table: people }
"""
CASES = """
tests:
  - name: good rows
    given: { teams: [[red], [blue]] }
    rows:
      - [1, " Ann ", red, 1.5, 01/02/2020]
      - { id: 2, name: Bob }
      - [-1, "left out", red, 1, 01/02/2020]
    expect:
      rows: [[1, Ann, red, 1.50, 2020-02-01], { name: Bob, price: null }]
      filtered: 1
  - name: bad rows of a file
    given: { teams: [[red]], people: [[7, old, null, null, null]] }
    csv: |
      id;name;team;price;born
      1;Ann;green;1;01/02/2020
      7;Bob;;;
      3;much too long;red;x;32/02/2020
      4;Dee
      4;Eve;red;1;01/02/2020
      4;Fay;red;1;01/02/2020
    expect:
      rows: [[4, Eve, red, 1, 2020-02-01]]
      rejects:
        - { row: 1, rule: people.team.foreign-key }
        - { row: 2, rule: people.id.primary-key }
        - { row: 3, rules: [people.name.maxLength, people.price.type, people.born.type] }
        - { row: 4, rules: [people.team.missing-cell, people.price.missing-cell, people.born.missing-cell] }
        - { row: 6 }
  - name: params of its own
    params: { floor: 5 }
    rows: [[5, a, null, null, null], [6, b, null, null, null]]
    expect: { rows: [{ id: 6 }], filtered: 1 }
  - name: an extra cell
    rows: [[1, a, null, null, null, more]]
    expect: { rejects: [{ row: 1, rule: people.extra-cell }] }
"""
WRONG = """
tests:
  - name: wrong rows
    rows: [[1, Ann, null, 1.5, null], [2, Bob, null, null, null]]
    expect: { rows: [[1, Anna, null, 1.5, null]] }
  - name: wrong rejects
    rows: [[1, Ann, null, x, null], [2, Bob, null, null, null], [3, Cy, null, x, null]]
    expect: { rejects: [{ row: 1, rule: people.price.column }, { row: 2, rule: people.name.required }, { row: 9 }], filtered: 2 }
"""
SAID = """FAILED  wrong rows  (%s:13:5)
        record 1: name: wanted "Anna", got "Ann" in [1, Ann, null, 1.50, null]
        record 2: not expected: [2, Bob, null, null, null]
FAILED  wrong rejects  (%s:16:5)
        record 2: wanted to be rejected (people.name.required), got [2, Bob, null, null, null]
        record 1: wanted rule people.price.column, got people.price.type
        record 3: not expected to be rejected: people.price.type is not a number with at most 4 digits before and 2 after the decimal point
        record 9 was expected to be rejected, and did not come to the rules
        wanted 2 records filtered, got 0
0 passed, 2 failed
"""
MISTAKES = [
    ("  - rows: [[1]]\n    expect: { rows: [] }", '13:5', 'a test needs a "name"'),
    ("  - name: a\n    rows: []\n    expct: { rows: [] }", '15:5', 'unknown key "expct" in a test (did you mean "expect"?)'),
    ("  - name: a\n    rows: []", '13:5', 'a test needs "expect"'),
    ("  - name: a\n    step: peopel\n    rows: []\n    expect: {}", '14:11', 'there is no such step (did you mean "people"?)'),
    ("  - name: a\n    rows: [{ nmae: x }]\n    expect: { rows: [] }", '14:14', 'there is no column "nmae" (did you mean "name"?)'),
    ("  - name: a\n    rows: []\n    csv: x\n    expect: { rows: [] }", '15:10', 'a test has either "rows" or'),
    ("  - name: a\n    given: { team: [] }\n    rows: []\n    expect: { rows: [] }", '14:14', '(did you mean "teams"?)'),
    ("  - name: a\n    rows: []\n    expect: { rows: [[1, 2]] }", '15:22', 'this row has 2 cells, and table "people" has 5 fields'),
    ("  - name: a\n    rows: []\n    expect: { rejects: [{ rule: x }] }", '15:25', 'a reject needs "row"'),
    ("  - name: a\n    rows: []\n    expect: { rejects: [{ row: 1, rule: x, rules: [y] }] }", '15:51', 'either "rule"'),
    ("  - name: a\n    params: { flor: 1 }\n    rows: []\n    expect: { rows: [] }", '14:15', 'unknown param "flor"'),
    ("  - name: a\n    rows: [[1, [2], 3, 4, 5]]\n    expect: { rows: [] }", '14:16', 'a cell is a text, a number or null'),
    ("  a: b", '13:3', 'tests is a list of cases'),
]
# What the rules of people refuse and let pass, said by hand.
PROVED = {
    "people.id.minimum": "9 is refused, 10 passes",
    "people.id.maximum": "100 is refused, 99 passes",
    "people.id.type": '"not a value" is refused',
    "people.name.required": "null is refused",
    "people.name.minLength": '"0" is refused, "x0" passes',
    "people.name.maxLength": '"xxxxxxxx0" is refused, "xxxxxxx0" passes',
    "people.price.exclusiveMinimum": "0.00 is refused, 0.01 passes",
    "people.price.exclusiveMaximum": "100.00 is refused, 99.99 passes",
    "people.weight.minimum": "0.49999999999999994 is refused, 0.5 passes",
    "people.weight.maximum": "2.5000000000000004 is refused, 2.5 passes",
    "people.born.minimum": "1899-12-31 is refused, 1900-01-01 passes",
    "people.born.maximum": "2021-01-01 is refused, 2020-12-31 passes",
    "people.clock.maximum": "12:00:00.000001 is refused, 12:00:00 passes",
    "people.month.minimum": '"2020-01" is refused, "2020-02" passes',
    "people.year.exclusiveMinimum": "1999 is refused, 2000 passes",
    "people.bin.maxLength": '"xxxx0" is refused, "xxx0" passes',
    "people.o.minLength": '"{}" is refused, "{"k00000":0}" passes',
}
# No text is none of these.
UNMADE = {"people.name.type", "people.team.type", "people.size.type", "people.region.type"}


def write(name, text):
    with open(tmp(name), "w") as file:
        file.write(text)
    return tmp(name)


def pipeline(name, tests, dictionary=SMALL):
    return write(name + ".yaml", HEAD % (write(name + ".dictionary.yaml", dictionary), tmp()) + tests.lstrip("\n"))


def ids(dictionary, table):
    """Of `penstock rules`, one a line."""
    done = penstock("rules", dictionary, table)
    equal(done.code, 0, done.tail())
    return [line.split()[0] for line in done.out.splitlines() if line.strip()]


def test_cases():
    done = penstock("test", pipeline("good", CASES))
    equal(done.code, 0, done.out + done.tail())
    equal(done.out, "ok      good rows\nok      bad rows of a file\nok      params of its own\nok      an extra cell\n4 passed, 0 failed\n", "cases that pass")
    file = pipeline("wrong", WRONG)
    done = penstock("test", file)
    equal([done.code, done.out], [6, SAID % (file, file)], "cases that fail")
    done = penstock("test", file, "--filter", "rejects", "--json")
    said = json.loads(done.out)
    equal([done.code, said["passed"], said["failed"], [case["name"] for case in said["cases"]]], [6, 0, 1, ["wrong rejects"]], "--filter and --json")
    equal([said["cases"][0][key] for key in ("step", "status", "read", "written", "rejected", "filtered")], ["people", "failed", 3, 1, 2, 0], "--json")
    equal(penstock("test", file, "--filter", "nothing").code, 2, "--filter that fits nothing")
    equal(penstock("test", pipeline("none", "")).code, 2, "no tests")
    check(not os.path.exists(tmp("nowhere")), "a database was looked for")


def test_mistakes():
    for tests, place, words in MISTAKES:
        file = pipeline("mistake", "tests:\n" + tests + "\n")
        for command in ("test", "validate"):
            done = penstock(command, file)
            equal(done.code, 2, tests)
            check("%s:%s: " % (file, place) in done.err and words in done.err, "%s: wanted %s %r, got %s" % (tests, place, words, done.err))
    done = penstock("test", pipeline("given", "tests:\n  - name: a\n    given: { people: [[1, null, null, null, null]] }\n    rows: []\n    expect: { rows: [] }\n"))
    check(done.code == 2 and "given: row 1 of people is refused by people.name.required" in done.err, done.tail())


def test_generate():
    text = HEAD.replace("name: people\n    source", "name: load\n    source").split("    transform")[0] + "    sink: { type: odbc, connection: db, table: people }\n"
    dictionary = write("full.dictionary.yaml", DICTIONARY)
    file = write("full.yaml", (text % (dictionary, tmp())).replace('params: { floor: { default: "0", type: integer } }\n', ""))
    done = penstock("test", file, "--generate", "--json")
    equal(done.code, 0, done.out + done.tail())
    said = json.loads(done.out)
    rules = {rule["rule"]: rule for rule in said["rules"]}
    equal(sorted(set(rules) - {"people.good-rows"}), sorted(ids(dictionary, "people")), "every rule is tried")
    equal(len(rules), len(said["rules"]), "each rule once")
    equal({name for name in rules if rules[name]["status"] == "cannot be made"}, UNMADE & set(rules), "rules for which nothing can be made: %s" % said["rules"])
    equal([rules[name]["status"] for name in rules if name not in UNMADE], ["passed"] * (len(rules) - len(UNMADE & set(rules))), "the others fire")
    for name, words in PROVED.items():
        equal(rules[name]["detail"], words, name)
    for name in ("people.team.foreign-key", "people.unique(region+no)", "people.mail.unique", "people.size.enum", "people.o.maxLength", "people.u.type"):
        check("as well" not in rules[name]["detail"], "%s fires alone: %s" % (name, rules[name]["detail"]))
    # A pattern that nobody can make a text for, so that no row is good.
    other = write("hard.dictionary.yaml", SMALL.replace("{ name: code, type: string }", '{ name: code, type: string, constraints: { pattern: "(?=x)y[[:alpha:]]" } }'))
    file = write("hard.yaml", (HEAD % (other, tmp())).replace("rules: { table: people }", "rules: { table: teams }").replace("select id, trim(name) as name, team, price, born from batch where id > ${params.floor}", "select code from batch where code <> ${params.floor}"))
    done = penstock("test", file, "--generate")
    equal(done.code, 0, done.tail())
    check("cannot be made  teams.good-rows  no value of code could be made that keeps its rules; an enum would tell some" in done.out, done.out)


def test_shipped():
    tried = 0
    for file in sorted(glob.glob(os.path.join(TOP, "pipelines/**/*.yaml"), recursive=True) + glob.glob(os.path.join(TOP, "examples/**/*.yaml"), recursive=True)):
        with open(file) as lines:
            if "\ntests:" not in lines.read():
                continue
        done = penstock("test", file, "--generate", env={"PENSTOCK_DB": "Driver=SQLite3;Database=%s/nowhere/none.db" % tmp()})
        equal(done.code, 0, "%s: %s" % (file, done.out + done.tail()))
        check(" passed, 0 failed" in done.out, done.out)
        tried += 1
    check(tried >= 2, "only %d shipped pipelines have tests" % tried)


def test():
    for each in (test_cases, test_mistakes, test_generate, test_shipped):
        each()
        print(each.__name__[5:], "ok")


main(test)
