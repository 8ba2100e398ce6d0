"""Rows of every type over HTTP, good and bad: the verdict of each is written down by hand, and answers and tables are the same on every database.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import dbdump
from harness import check, databases, equal, fraction, main, newdb, tmp
from http_service import JSON, Service

DICTIONARY = """name: types
resources:
  - name: regions
    schema:
      fields:
        - { name: id, type: integer }
        - { name: code, type: string, constraints: { required: true, unique: true, maxLength: 20, pattern: "[A-Z]{2}" } }
      primaryKey: id
  - name: items
    schema:
      fields:
        - { name: region, type: integer }
        - { name: no, type: integer, constraints: { minimum: 1, maximum: 99 } }
        - { name: price, type: number, precision: 20, scale: 6 }
        - { name: ratio, type: number }
        - { name: flag, type: boolean }
        - { name: day, type: date }
        - { name: at, type: datetime }
        - { name: clock, type: time }
        - { name: year, type: year }
        - { name: key, type: string, format: uuid }
        - { name: bytes, type: string, format: binary }
        - { name: doc, type: object }
        - { name: any, type: any }
        - { name: size, type: string, constraints: { enum: [s, m, l] } }
        - { name: secret, type: string, sensitive: true, constraints: { maxLength: 4 } }
      primaryKey: [region, no]
      foreignKeys: [{ fields: region, reference: { resource: regions, fields: id } }]
  - name: lines
    schema:
      fields:
        - { name: id, type: integer }
        - { name: region, type: integer }
        - { name: no, type: integer }
      primaryKey: id
      foreignKeys: [{ fields: [region, no], reference: { resource: items, fields: [region, no] } }]
"""
PIPELINE = """version: 1
name: types
dictionary: types.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: "${table}"
    for_each: { table: "*" }
    source: { type: http }
    rules: { table: "${table}" }
    sink: { type: odbc, connection: db, table: "${table}", create: true }
"""
NAMES = ["region", "no", "price", "ratio", "flag", "day", "at", "clock", "year", "key", "bytes", "doc", "any", "size", "secret"]


def item(no, **cells):
    """JSON of a row; cells are JSON already, so that digits stay as they are written here."""
    return "{" + ", ".join('"%s": %s' % pair for pair in dict(cells, region=cells.get("region", "1"), no=str(no)).items()) + "}"


ITEMS = [  # (row, rules that it breaks)
    (item(1, price="12345678901234.123456", ratio="0.1", flag="true", day='"2021-02-28"', at='"2021-11-07T02:48:42.123456Z"', clock='"23:59:59.5"', year="2021",
          key='"6ba7b810-9dad-11d1-80b4-00c04fd430c8"', bytes='"AAEC"', doc='{"b": 1, "a": [1.50, null]}', any="[true]", size='"m"', secret='"abcd"'), []),
    (item(2, price='"99999999999999.999999"', ratio='"1e3"', flag="false", day='"0001-01-01"', at='"2021-11-07T03:48:42+01:00"', clock='"00:00:00"', year='"1999"',
          key='"6BA7B810-9DAD-11D1-80B4-00C04FD430C9"', bytes='""', doc='{"z": {}}', any='"text"', size='"s"'), []),
    (item(3, price="-0.000001", ratio="-0", at='"9999-12-31T23:59:59"', any="null", secret="null"), []),
    (item(4, price="1.1234567"), ["items.price.type"]),
    (item(5, price="123456789012345"), ["items.price.type"]),
    (item(6, ratio='"NaN"'), ["items.ratio.type"]),
    (item(7, flag='"maybe"', day='"2021-02-29"', at='"2021-11-07T24:00:00Z"', clock='"25:00"', year='"x"'),
     ["items.flag.type", "items.day.type", "items.at.type", "items.clock.type", "items.year.type"]),
    (item(22, doc='"{}"'), ["items.doc.type"]),
    (item(8, key='"6ba7b810"', bytes='"***"', doc="[1]"), ["items.key.type", "items.bytes.type", "items.doc.type"]),
    (item(9, size='"xl"', secret='"abcde"'), ["items.size.enum", "items.secret.maxLength"]),
    (item(0), ["items.no.minimum"]),
    (item(100), ["items.no.maximum"]),
    (item(1), ["items.primary-key(region+no)"]),
    (item(10, region="7"), ["items.region.foreign-key"]),
    (item(11, region="null"), ["items.region.required"]),
    (item(12, region="9223372036854775808"), ["items.region.type"]),
    (item(13, region='{"a": 1}'), ["items.region.type"]),
    (item(14, nothing="1"), ["items.extra-cell"]),
    ("[1, 15]", ["items.%s.missing-cell" % name for name in NAMES[2:]]),
    ("[1, 16" + ", null" * 13 + "]", []),
    ("[1, 17" + ", null" * 14 + "]", ["items.extra-cell"]),
    ('"row"', ["items.record-error"]), ("null", ["items.record-error"]), ("17", ["items.record-error"]), ("[]", ["items.%s.missing-cell" % name for name in NAMES]),
    ('{"region": 1, "no": 18, "no": 19}', ["items.record-error"]),
    ("{}", ["items.region.required", "items.no.required"]),
    (item(20, size='"\\ud800"'), ["items.encoding-error"]),
    (item(21, secret='"\\u0000"'), ["items.encoding-error"]),
]
REGIONS = [('{"id": 1, "code": "AA"}', []), ('{"id": 2, "code": "AA"}', ["regions.code.unique"]), ('[3, "aa"]', ["regions.code.pattern"]), ('[1, "BB"]', ["regions.id.primary-key"]),
           ('[4, "CC"]', [])]
LINES = [("[1, 1, 1]", []), ("[2, 1, 4]", ["lines.foreign-key(region+no)"]), ("[3, null, 4]", []), ("[4, 1, 16]", []), ("[1, 1, 2]", ["lines.id.primary-key"]),
         ("[1, 4, 1]", ["lines.id.primary-key", "lines.foreign-key(region+no)"])]


def ask(service, text, query="", headers=None):
    return service.ask("POST", "/v1/ingest/types" + query, text.encode(), dict(JSON, **(headers or {})))


def bare(answer):
    said = answer.json()
    said.pop("run_id", None)
    for reject in said.get("rejects", []):
        reject.pop("reject_id")
        for part in [reject] + reject["violations"]:
            part.pop("message")
    return answer.status, said


def body(**tables):
    return "{" + ", ".join('"%s": [%s]' % (name, ", ".join(row for row, _ in rows)) for name, rows in tables.items()) + "}"


def verdicts(said):
    return {(reject["table"], reject["index"]): [violation["rule"] for violation in reject["violations"]] for reject in said["rejects"]}


def expected(**tables):
    return {(name, at): rules for name, rows in tables.items() for at, (_, rules) in enumerate(rows) if rules}


def one_form(row):
    """jsonb has spaces and an order of its own, and a time six digits or as many as it needs."""
    if len(row) < len(NAMES):
        return row
    row = list(row)
    for at, name in enumerate(NAMES):
        if name in ("doc", "any") and row[at] is not None:
            row[at] = json.dumps(json.loads(row[at], parse_float=str), sort_keys=True)
        if name == "clock":
            row[at] = fraction(row[at])
    return tuple(row)


def on(kind):
    db = newdb(kind)
    service = Service([tmp("pipeline.yaml")], "", {"PENSTOCK_DB": db.connect}, name="types-" + kind)
    answers = []

    def step(text, status, query="", headers=None):
        answer = ask(service, text, query, headers)
        equal(answer.status, status, "%s: %s" % (kind, answer.body[:600]))
        answers.append(bare(answer))
        return answer.json()

    # Children first in the body, as well: parents are judged before them all the same.
    tables = {"lines": LINES, "items": ITEMS, "regions": REGIONS}
    said = step(body(**tables), 200)
    got, want = verdicts(said), expected(**tables)
    for place in sorted(set(got) | set(want)):
        equal(got.get(place), want.get(place), "%s: %s %d %s" % (kind, place[0], place[1], tables[place[0]][place[1]][0]))
    check("abcde" not in json.dumps(said), "the value of a sensitive field is in the answer")
    check("abcde" not in json.dumps(db.query("select record, violations, message from penstock_rejects")), "the value of a sensitive field is in the reject store")
    # The same again: everything is there already.
    said = step(body(**tables), 422)
    equal(said["written"], 0, "written twice")
    step('{"regions": [[5, "DD"], [5, "EE"]]}', 422, "?atomic=true")
    step('{"regions": [[5, "DD"]]}', 200, "?atomic=true")
    for _ in range(2):
        step('{"regions": [[6, "FF"], [6, "GG"]]}', 200, headers={"Idempotency-Key": "six"})
    step('{"regions": [[7, "HH"]]}', 422, headers={"Idempotency-Key": "six"})
    step('{"region": []}', 422)
    step("[]", 422)
    equal(db.count("penstock_runs", "read_rows <> written_rows + rejected_rows + skipped_rows"), 0, "runs whose books do not balance")
    rows = {table: sorted(map(one_form, dbdump.table_rows(db, table)[1]), key=str) for table in ("regions", "items", "lines")}
    kept = sorted(tuple(row) for row in db.query("select table_name, record_no, coalesce(field, ''), code, rule, record, published from penstock_rejects"))
    service.stop()
    return answers, rows, kept


def test():
    with open(tmp("types.yaml"), "w") as out:
        out.write(DICTIONARY)
    with open(tmp("pipeline.yaml"), "w") as out:
        out.write(PIPELINE)
    seen = {kind: on(kind) for kind in databases()}
    first = seen["sqlite"]
    price = {row[1]: row[2] for row in first[1]["items"]}
    equal([price[no] for no in sorted(price, key=int)][:3], ["12345678901234.123456", "99999999999999.999999", "-0.000001"], "digits of decimals")
    for kind, other in seen.items():
        for what, one, two in zip(("answers", "rows", "rejects"), other, first):
            if one != two:
                for left, right in zip(one.items() if isinstance(one, dict) else one, two.items() if isinstance(two, dict) else two):
                    equal(left, right, "%s on %s and sqlite" % (what, kind))
            equal(one, two, "%s on %s and sqlite" % (what, kind))
        print("%s: %d answers, %d rows, %d rejects" % (kind, len(other[0]), sum(map(len, other[1].values())), len(other[2])))


main(test)
