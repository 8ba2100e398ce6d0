"""Requests of rows made at random for dictionaries made at random, judged by tests/support/judge.py: the same verdicts and the same rows on each database.

usage: ingest_random.py ROUNDS ROWS      PENSTOCK_TEST_SEED repeats a run
SPDX-License-Identifier: Apache-2.0
"""
import copy
import json
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/golden"))
import dbdump
import judge
import random_tables
from harness import Failed, check, databases, equal, main, newdb, tmp
from http_service import JSON, Service

ROUNDS, ROWS, REQUESTS = int(sys.argv[1]), int(sys.argv[2]), 6
PATH = "/v1/ingest/random"
PIPELINE = """version: 1
name: random
dictionary: dictionary.json
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: "${table}"
    for_each: { table: "*" }
    source: { type: http }
    rules: { table: "${table}" }
    sink: { type: odbc, connection: db, table: "${table}", create: true }
"""
# As numbers of JSON 1.0 and 1e3 are integers, as texts, which the judge reads, they are none.
BARE = {"integer": re.compile(r"-?(0|[1-9][0-9]*)"), "number": re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")}


def cell_text(dice, field, cell):
    """JSON for a cell; its digits are those of the text."""
    if field and field["type"] in BARE and BARE[field["type"]].fullmatch(cell) and dice.random() < 0.5:
        return cell
    if field and field["type"] == "boolean" and cell in ("true", "false") and dice.random() < 0.5:
        return cell
    if field and cell in field.get("missingValues", [""]) and dice.random() < 0.5:
        return "null"
    return json.dumps(cell, ensure_ascii=dice.random() < 0.5)


def row_text(dice, table, cells):
    """An object where that says the same: a key that is not there is null, and no missing cell."""
    fields = table["schema"]["fields"]
    texts = [cell_text(dice, fields[i] if i < len(fields) else None, cell) for i, cell in enumerate(cells)]
    if len(cells) != len(fields) or dice.random() < 0.5:
        return "[%s]" % dice.choice([",", ", ", " ,\n"]).join(texts)
    pairs = ["%s: %s" % (json.dumps(field["name"]), text) for field, text in zip(fields, texts) if text != "null" or dice.random() < 0.5]
    dice.shuffle(pairs)
    return "{ %s }" % ", ".join(pairs)


def rows_of(dice, table, count, parents=()):
    """(CSV text of the records for the judge, JSON of the same)"""
    text = random_tables.file_of(dice, table, count, parents)
    kept = [(original, cells) for original, cells in judge.records(text) if original]
    return "".join(original + "\n" for original, _ in kept), [row_text(dice, table, cells) for _, cells in kept]


def request(dice, tables, state):
    """A request, what the judge says of it, and the state after it."""
    atomic = dice.random() < 0.2
    after = copy.deepcopy(state)
    wanted, body = {}, {}
    for table in tables:
        if table["name"] == "p" and state["p"].rows and dice.random() < 0.5:
            continue
        csv_text, body[table["name"]] = rows_of(dice, table, dice.choice([1, 3, ROWS]), after["p"].rows if table["name"] == "t" else ())
        wanted[table["name"]] = judge.judge(table, csv_text, after)
    if not any(body.values()):
        return request(dice, tables, state)
    order = list(body)
    dice.shuffle(order)
    text = "{%s}" % ",".join('"%s":[%s]' % (name, ",".join(body[name])) for name in order)
    if atomic and any(result.rejects for result in wanted.values()):
        after = state
    return atomic, text, body, wanted, after


def held_against(answer, atomic, body, wanted, where):
    said = answer.json()
    rejected = sum(len(result.rejects) for result in wanted.values())
    received = sum(result.read for result in wanted.values())
    check("received" in said, "%s: %d %r" % (where, answer.status, said))
    undone = atomic and rejected > 0
    written = 0 if undone else received - rejected
    equal([said[name] for name in ("received", "written", "rejected", "skipped")], [received, written, rejected, received - written - rejected],
          where + ": books")
    equal(answer.status, 200 if written else 422, where)
    for name, result in wanted.items():
        equal(said["tables"][name], {"received": result.read, "written": 0 if undone else result.written, "rejected": len(result.rejects)},
              "%s: table %s" % (where, name))
    got = {(reject["table"], reject["index"]): reject for reject in said["rejects"]}
    equal(len(got), len(said["rejects"]), where + ": a row that is rejected twice")
    for name, result in wanted.items():
        for record_no, rules, _ in result.rejects:
            reject = got.pop((name, record_no - 1), None)
            row = body[name][record_no - 1]
            check(reject, "%s: %s %d %s is no reject, wanted %s" % (where, name, record_no - 1, row, rules))
            mine = [violation["rule"] for violation in reject["violations"]]
            equal(random_tables.groups(mine), random_tables.groups(rules), "%s: %s %d %s" % (where, name, record_no - 1, row))
            equal((reject["rule"], reject["code"], reject["field"] or ""), tuple(reject["violations"][0][part] for part in ("rule", "code", "field")), where)
    check(not got, "%s: too much is rejected: %r" % (where, list(got.values())[:1]))
    return said


def bare(said):
    """Without what may differ from one database to the other."""
    said = copy.deepcopy(said)
    said.pop("run_id")
    for reject in said["rejects"]:
        reject.pop("reject_id")
        reject.pop("message")
        for violation in reject["violations"]:
            violation.pop("message")
    return said


def stored(db, tables, state, where):
    for table in tables:
        if not state[table["name"]].rows and table["name"] not in db.tables():
            continue
        _, rows = dbdump.table_rows(db, table["name"], [field["name"] for field in table["schema"]["fields"]])
        rows = random_tables.sortable(random_tables.canonical(table, row) for row in rows)
        want = random_tables.sortable(random_tables.canonical(table, row) for row in state[table["name"]].rows)
        if rows != want:
            raise Failed("%s: rows of %s: missing %s, too many %s" % (where, table["name"], [row for row in want if row not in rows][:3],
                                                                      [row for row in rows if row not in want][:3]))


def play(number):
    dice = random.Random("%d/http/%d" % (random_tables.seed, number))
    folder = tmp("round%d" % number)
    os.mkdir(folder)
    described = random_tables.dictionary(dice)
    tables = described["resources"]
    with open(os.path.join(folder, "dictionary.json"), "w") as out:
        json.dump(described, out, indent=1)
    with open(os.path.join(folder, "pipeline.yaml"), "w") as out:
        out.write(PIPELINE)
    state = {table["name"]: judge.Target(table) for table in tables}
    requests = []
    for _ in range(REQUESTS):
        requests.append(request(dice, tables, state))
        state = requests[-1][-1]
    answers, rows, rejects = {}, 0, 0
    for kind in databases():
        db = newdb(kind)
        service = Service([os.path.join(folder, "pipeline.yaml")], "", {"PENSTOCK_DB": db.connect}, name="random-%s-%d" % (kind, number))
        answers[kind] = []
        for at, (atomic, text, body, wanted, _) in enumerate(requests):
            where = "round %d (seed %d), %s, request %d%s" % (number, random_tables.seed, kind, at, ", atomic" if atomic else "")
            headers = dict(JSON, **({"Idempotency-Key": "k%d" % at} if at % 2 else {}))
            target = PATH + ("?atomic=true" if atomic else "")
            answer = service.ask("POST", target, text.encode(), headers)
            said = held_against(answer, atomic, body, wanted, where)
            if at % 2:
                again = service.ask("POST", target, text.encode(), headers)
                equal((again.status, again.body), (answer.status, answer.body), where + ": the same again")
            kept = {(table, int(record_no)): (record, rule, published) for table, record_no, record, rule, published in
                    db.query("select table_name, record_no, record, rule, published from penstock_rejects where run_id = '%s'" % said["run_id"])}
            equal(kept, {(reject["table"], reject["index"] + 1): (body[reject["table"]][reject["index"]], reject["rule"],
                                                                  "0" if said["skipped"] or (atomic and said["rejected"]) else "1")
                         for reject in said["rejects"]}, where + ": the reject store")
            answers[kind].append((answer.status, bare(said)))
            rows, rejects = rows + said["written"], rejects + said["rejected"]
        stored(db, tables, state, "round %d (seed %d), %s" % (number, random_tables.seed, kind))
        equal(db.count("penstock_runs", "read_rows <> written_rows + rejected_rows + skipped_rows"), 0, "runs whose books do not balance")
        service.stop()
        equal(answers[kind], answers["sqlite"], "round %d (seed %d): answers on %s and sqlite" % (number, random_tables.seed, kind))
    return rows, rejects


def test():
    print("seed %d (PENSTOCK_TEST_SEED sets it)" % random_tables.seed)
    sums = [play(number) for number in range(ROUNDS)]
    print("%d dictionaries, %d requests each: %d rows, %d rejects" % (ROUNDS, REQUESTS, sum(rows for rows, _ in sums), sum(rejects for _, rejects in sums)))


main(test)
