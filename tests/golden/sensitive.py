"""Every kind of violation on sensitive fields; each of their values holds a word that must not be seen anywhere but in the rows.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, TOP, check, databases, equal, main, newdb, penstock, tmp
from http_service import Service

PROGRAM = os.environ.get("PENSTOCK_SAN") or PENSTOCK
WORD = "S3CR"  # in each value of a sensitive field
DICTIONARY = """resources:
  - name: owners
    schema:
      fields: [{ name: name, type: string, constraints: { maxLength: 20 } }]
      primaryKey: name
  - name: cards
    schema:
      fields:
        - { name: id, type: integer }
        - { name: code, type: string, sensitive: true, constraints: { unique: true, minLength: 6, maxLength: 12, pattern: "S3CR.*" } }
        - { name: pin, type: integer, sensitive: true, constraints: { maximum: 9999 } }
        - { name: owner, type: string, sensitive: true, constraints: { maxLength: 20 } }
        - { name: born, type: date, sensitive: true }
        - { name: kind, type: string, sensitive: true, constraints: { enum: [S3CR1, S3CR2] } }
        - { name: note, type: object, sensitive: true }
        - { name: mail, type: string, format: email, sensitive: true }
        - { name: seen, type: string, constraints: { maxLength: 5 } }
      primaryKey: id
      foreignKeys: [{ fields: owner, reference: { resource: owners, fields: name } }]
"""
# rule, the record
RECORDS = [
    ("cards.code.minLength", '1,S3CRa,,Anna,,,,,x'), ("cards.code.maxLength", '2,S3CRaaaaaaaaaaaaaaa,,,,,,,x'), ("cards.code.pattern", '3,aS3CRbb,,,,,,,x'),
    ("cards.pin.type", '4,,S3CR,,,,,,x'), ("cards.owner.foreign-key", '5,,,S3CRnobody,,,,,x'), ("cards.born.type", '6,,,,S3CR-01-01,,,,x'),
    ("cards.kind.enum", '7,,,,,S3CR3,,,x'), ("cards.note.type", '8,,,,,,"{""a"":S3CR}",,x'), ("cards.mail.type", '9,,,,,,,S3CR.example,x'),
    ("cards.seen.maxLength", '10,S3CRseen,,,,,,,too long'), ("cards.extra-cell", '11,S3CRextra,,,,,,,x,S3CR'), ("cards.owner.missing-cell", '12,S3CRmiss,'),
    ("cards.encoding-error", b'13,S3CRenc\xff,,,,,,,x'), ("cards.id.type", 'S3CR?,S3CRidtype,,,,,,,x'), ("cards.id.primary-key", '20,S3CRprim,,,,,,,x'),
    ("cards.code.unique", '21,S3CRtwice,,,,,,,x'), ("cards.record-error", '22,"S3CRopen,,,,,,,x')]
# What stands in a field that is not sensitive may be seen.
SHOWN = ("S3CR?", "S3CR.*", "S3CR1, S3CR2")


def hidden(text, what):
    for shown in SHOWN:
        text = text.replace(shown, "")
    at = text.find(WORD)
    check(at < 0, "%s shows a sensitive value: ...%s..." % (what, text[max(0, at - 200):at + 100]))


def data(folder):
    lines = [b"20,S3CRtwice,,,,,,,x"] + [record if isinstance(record, bytes) else record.encode() for _, record in RECORDS]
    with open(os.path.join(folder, "cards.csv"), "wb") as file:
        file.write(b"\n".join(lines) + b"\n")
    with open(os.path.join(folder, "owners.csv"), "w", encoding="utf-8") as file:
        file.write("name\nAnna\n")


def pipeline(folder, name, sink, owners=None):
    """The path of the pipeline; owners: the sink of a step before, for the parents."""
    before = "" if owners is None else """  - name: owners
    source: { type: csv, path: %s/owners.csv }
    rules: { table: owners }
    sink: %s
""" % (folder, owners)
    head = """version: 1
name: %s
dictionary: dictionary.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
state: db
steps:
%s  - name: cards
    source: { type: csv, path: %s/cards.csv, header: false }
    rules: { table: cards }
    sink: %s
""" % (name, before, folder, sink)
    with open(os.path.join(folder, name + ".yaml"), "w", encoding="utf-8") as file:
        file.write(head)
    return os.path.join(folder, name + ".yaml")


def rules_of(texts):
    return sorted(texts)


def test_runs(folder):
    wanted = rules_of(rule for rule, _ in RECORDS)
    for kind in databases():
        db = newdb(kind)
        path = pipeline(folder, "cards", "{ type: odbc, connection: db, table: cards, create: true }",
                        owners="{ type: odbc, connection: db, table: owners, create: true }")
        done = penstock("run", path, "--log-format", "json", "--json", db=db, program=PROGRAM)
        equal(done.code, 0, kind + ": " + done.tail())
        hidden(done.out + done.err, kind + ": the run")
        rows = db.query("SELECT rule, message, violations, record, field, source FROM penstock_rejects")
        equal(rules_of(row[0] for row in rows), wanted, kind + ": rules")
        for row in rows:
            hidden(" ".join(str(cell) for cell in row), kind + ": the reject of " + str(row[0]))
        hidden(json.dumps(db.query("SELECT summary FROM penstock_runs")), kind + ": the history")
        for command in (["rejects", "list", "--run", "latest"], ["rejects", "list", "--run", "latest", "--json"], ["runs", "show", "latest"]):
            done = penstock(*command, db=db, program=PROGRAM)
            hidden(done.out + done.err, kind + ": " + " ".join(command))
        one = db.value("SELECT min(reject_id) FROM penstock_rejects")
        done = penstock("rejects", "show", str(one), db=db, program=PROGRAM)
        equal(done.code, 0, kind + ": rejects show: " + done.tail())
        hidden(done.out + done.err, kind + ": rejects show")
        # A second time every key is there: the database's own words are asked for.
        done = penstock("run", path, "--restart", "--yes", db=db, program=PROGRAM)
        hidden(done.out + done.err, kind + ": the second run")
        hidden(json.dumps(db.query("SELECT message, violations, record FROM penstock_rejects")), kind + ": rejects of the second run")


def test_file(folder):
    path = pipeline(folder, "filed", "{ type: csv, path: %s/out.csv }" % folder, owners="{ type: csv, path: %s/owners_out.csv }" % folder)
    done = penstock("run", path, db=newdb("sqlite"), program=PROGRAM)
    equal(done.code, 0, "into a file: " + done.tail())
    hidden(done.out + done.err, "the run into a file")
    with open(os.path.join(folder, "out.csv.rejects.jsonl"), encoding="utf-8") as file:
        text = file.read()
    check(text.count("\n") >= len(RECORDS) - 1, "rejects in a file: %d" % text.count("\n"))
    hidden(text, "the rejects in a file")


def test_requests(folder):
    db = newdb("sqlite")
    path = os.path.join(folder, "take.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write('version: 1\nname: take\ndictionary: dictionary.yaml\nconnections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }\nstate: db\nsteps:\n'
                   '  - { name: "${table}", for_each: { table: "*" }, source: { type: http }, rules: { table: "${table}" },'
                   ' sink: { type: odbc, connection: db, table: "${table}", create: true } }\n')
    rows = [{"id": 1, "code": "S3CRa"}, {"id": 2, "pin": "S3CR"}, {"id": 3, "owner": "S3CRnobody"}, {"id": 4, "kind": "S3CR3"}, {"id": 5, "note": [WORD]},
            {"id": 6, "mail": WORD}, {"id": 7, "code": "S3CRgood", "seen": "too long"}, {"id": 8, "code": "S3CRx", "pin": 10000}, [9, "S3CRarray", WORD]]
    service = Service([path], env={"PENSTOCK_DB": db.connect}, program=PROGRAM)
    try:
        answer = service.post("/v1/ingest/take/cards", rows)
        equal(answer.status, 422, "the answer")
        said = answer.json()
        equal(said["rejected"], len(rows), "rejected")
        hidden(json.dumps(said), "the answer")
        hidden(json.dumps(service.ask("GET", "/v1/runs/%s/rejects" % said["run_id"]).json()), "rejects over HTTP")
        hidden(json.dumps(service.ask("GET", "/v1/runs/%s" % said["run_id"]).json()), "the run over HTTP")
    finally:
        service.stop()
    hidden(service.text(), "the log of the service")
    hidden(json.dumps(db.query("SELECT message, violations, record FROM penstock_rejects")), "rejects of a request")


def test():
    folder = tmp("sensitive")
    os.mkdir(folder)
    with open(os.path.join(folder, "dictionary.yaml"), "w", encoding="utf-8") as file:
        file.write(DICTIONARY)
    data(folder)
    test_runs(folder)
    test_file(folder)
    test_requests(folder)


main(test)
