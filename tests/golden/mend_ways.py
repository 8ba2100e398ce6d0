"""usage: mend_ways.py

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/golden"))
from harness import check, databases, equal, main, newdb, penstock, run, start, tmp, wait_until  # noqa: E402
from mend import exported, file, rejects, replay, totals, write  # noqa: E402

DICTIONARY = """
resources:
  - name: people
    schema:
      fields:
        - { name: id, type: integer }
        - { name: name, type: string, constraints: { required: true, maxLength: 12 } }
        - { name: city, type: string }
        - { name: pin, type: string%s }
      primaryKey: id
"""


def pipeline(name, source, transform="", mode="append", sensitive="", more=""):
    return file("version: 1\nname: %s\ndictionary: %s\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nsteps:\n  - name: people\n"
                "    source: { type: csv, path: \"%s\", header: true%s }\n%s    rules: { table: people }\n"
                "    sink: { type: odbc, connection: db, table: people, mode: %s, create: true }\n"
                % (name, file(DICTIONARY % sensitive, "yaml"), source, more, transform, mode), "yaml")


def people(db):
    return sorted(db.query("select id, name, city, pin from people"), key=lambda row: int(row[0]))


TRANSFORM = """    transform:
      columns: [id, first, last, city, pin]
      sql: |
        SELECT id, trim(first || ' ' || last) AS name, upper(city) AS city, pin FROM batch WHERE last <> 'leave'
"""
ROWS = "id,first,last,city,pin\n1,ann,lee,rome,11\n2,bob,leave,rome,22\n3,maximilian,longer,oslo,33\nx,cy,ray,oslo,4477\n5,,,bonn,55\n"


def transformed(kind):
    """The columns that a person mends are those of the source: the replay takes them through the transform, as the load did."""
    db = newdb(kind)
    path = pipeline("people", file(ROWS), TRANSFORM)
    run(path, db=db)
    equal(people(db), [("1", "ann lee", "ROME", "11")], "the load")
    header, rows = exported(db, "--run", "latest")
    equal(header, ["reject_id", "rule", "message", "id", "first", "last", "city", "pin"], "columns of the source")
    equal([row["rule"] for row in rows], ["people.name.maxLength", "people.id.type", "people.name.required"], "what was wrong")
    rows[0]["first"], rows[1]["id"], rows[2]["last"] = "max", "4", "leave"
    done = replay(db, path, "--from", write(header, rows))
    equal(totals(done), (3, 2, 0, {"filtered": 1}), "one is now left out by the statement")
    equal(people(db), [("1", "ann lee", "ROME", "11"), ("3", "max longer", "OSLO", "33"), ("4", "cy ray", "OSLO", "4477")], "people")
    states = [row["resolved_run_id"] for row in rejects(db).values()]
    equal([state == done.json["run_id"] for state in states[:2]], [True, True], "resolved")
    equal(totals(replay(db, path, "--run", next(iter(rejects(db).values()))["run_id"]))[0], 3, "the originals")
    equal(len(people(db)), 3, "people after the originals")


def masked(kind):
    """Behind a transform a column is shown where it has the name of a field that is not sensitive; what is masked must be written anew."""
    db = newdb(kind)
    path = pipeline("people", file(ROWS), TRANSFORM, sensitive=", sensitive: true")
    run(path, db=db)
    header, rows = exported(db, "--run", "latest")
    equal([[row[name] for name in ("id", "first", "last", "city", "pin")] for row in rows],
          [["3", "***", "***", "oslo", "***"], ["x", "***", "***", "oslo", "***"], ["5", "", "", "bonn", "***"]], "what is shown")
    check(all("33" not in str(one["record"]) and "maximilian" not in str(one["record"]) for one in rejects(db).values()), "the store holds what is sensitive")
    rows[0].update(first="max", last="longer", pin="99")
    rows[1]["id"] = "4"
    rows[2].update(first="eve", pin="")
    done = replay(db, path, "--from", write(header, rows))
    equal(totals(done), (3, 2, 0, {"masked": 1}), "a row that is still masked")
    check("still masked" in done.err and "4477" not in done.err, done.err)
    equal(people(db), [("1", "ann lee", "ROME", "11"), ("3", "max longer", "OSLO", "99"), ("5", "eve", "BONN", None)], "people")


def while_a_load_runs(kind):
    """One at a time: a replay beside a load of the same step is refused with exit 7, and so is a load beside a replay's lock; nothing is lost."""
    db = newdb(kind)
    path = pipeline("people", "${params.in}")
    with open(path) as given:
        text = given.read()
    with open(path, "w") as out:
        out.write(text.replace("connections:", "params: { in: { default: %s } }\nconnections:" % file("id,name,city,pin\n1,,rome,1\n2,bob,rome,2\n"), 1))
    run(path, db=db)
    header, rows = exported(db, "--run", "latest")
    rows[0]["name"] = "ann"
    mended = write(header, rows)
    fifo = tmp("fifo-" + kind)
    os.mkfifo(fifo)
    before = rejects(db)
    load = start("run", path, "--set", "in=" + fifo, "--json", db=db, stderr=tmp("load.err"))
    with open(fifo, "w") as source:
        source.write("id,name,city,pin\n7,eve,rome,7\n")
        source.flush()
        wait_until(lambda: penstock("rejects", "replay", path, "--from", mended, db=db).code == 7, 30, "the load holds its step")
        done = penstock("rejects", "replay", path, "--from", mended, "--json", db=db)
        equal(done.code, 7, "a replay beside a load: " + done.tail())
        check("people" in done.err, "who holds it: " + done.err)
        source.write("8,kim,oslo,8\n")
    equal(load.wait(60), 0, "the load")
    if rejects(db) == before:
        equal(totals(replay(db, path, "--from", mended)), (1, 1, 0, {}), "afterwards")
    equal([row[:2] for row in people(db)], [("1", "ann"), ("2", "bob"), ("7", "eve"), ("8", "kim")], "people")


def upserted(kind):
    """A mended row changes the row that came meanwhile; the original of a run does, too."""
    db = newdb(kind)
    path = pipeline("people", file("id,name,city,pin\n1,ann,rome,1\n2,,oslo,2\n3,much too long a name,oslo,3\n"), mode="upsert")
    run(path, db=db)
    db.execute("insert into people (id, name, city, pin) values (2, 'other', 'bonn', 'x')")
    header, rows = exported(db, "--run", "latest")
    rows[0]["name"], rows[1]["name"], rows[1]["id"] = "bob", "cy", "1"
    equal(totals(replay(db, path, "--from", write(header, rows))), (2, 2, 0, {}), "an upsert")
    equal(people(db), [("1", "cy", "oslo", "3"), ("2", "bob", "oslo", "2")], "people")
    equal(totals(replay(db, path, "--from", write(header, rows))), (2, 0, 0, {"already_resolved": 2}), "once more")


def what_is_next(kind):
    """What a replay rejects again stays a reject of its run: that is what the summary names."""
    db = newdb(kind)
    path = pipeline("people", file("id,name,city,pin\n1,,rome,1\n2,,oslo,2\n"))
    first = run(path, db=db).json["run_id"]
    header, rows = exported(db, "--run", first)
    for arguments in (("--from", write(header, rows)), ("--run", first)):
        done = penstock("rejects", "replay", path, *arguments, db=db)
        check("next: penstock rejects list --run %s\n" % first in done.out, "the run of the rejects: " + done.out)
    again = run(path, "--restart", db=db).json["run_id"]
    second, more = exported(db, "--run", again)
    done = penstock("rejects", "replay", path, "--from", write(header, rows + more), db=db)
    check(done.out.endswith("next: penstock rejects list\n"), "of two runs none is named: " + done.out)


def of_another_pipeline(kind):
    db = newdb(kind)
    path = pipeline("people", file("id,name,city,pin\n1,,rome,1\n"))
    run(path, db=db)
    header, rows = exported(db, "--run", "latest")
    rows[0]["name"] = "ann"
    before = rejects(db)
    other = pipeline("others", file("id,name,city,pin\n9,kim,rome,1\n"))
    for arguments in (("--from", write(header, rows)), ("--run", "latest")):
        done = penstock("rejects", "replay", other, *arguments, db=db)
        check(done.code == 2 and "its rejects are of pipeline \"people\"" in done.err, "rejects of another pipeline: " + done.tail())
    equal(rejects(db), before, "rejects")


def in_files(kind):
    """The state is in a database, the rows and rejects of the step are in files: every command says so."""
    db = newdb(kind)
    path = file("version: 1\nname: files\ndictionary: %s\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nstate: db\nsteps:\n"
                "  - name: people\n    source: { type: csv, path: %s }\n    rules: { table: people }\n    sink: { type: csv, path: %s }\n"
                % (file(DICTIONARY % "", "yaml"), file("id,name,city,pin\n1,,rome,1\n2,bob,rome,2\n"), tmp("people-%s.csv" % kind)), "yaml")
    run(path, db=db)
    out = tmp("never.csv")
    for command in (("list", "--run", "latest"), ("top", "--run", "latest"), ("export", "--run", "latest", out)):
        done = penstock("rejects", *command, db=db)
        equal(done.code, 0, "rejects %s: %s" % (command[0], done.tail()))
        check("rejected 1 record, of which this database has none" in done.err and ".rejects.jsonl" in done.err, "%s: %s" % (command[0], done.err))
    check(not os.path.exists(out), "an export of nothing")
    for arguments in (("--run", "latest"), ("--from", file("reject_id,rule,message,id,name,city,pin\n1,,,1,ann,rome,1\n"))):
        done = penstock("rejects", "replay", path, *arguments, db=db)
        check(done.code == 2 and "mend the source and run the pipeline again" in done.err, "replay: " + done.tail())
    # A run without rejects says nothing of the kind.
    db = newdb(kind)
    run(pipeline("people", file("id,name,city,pin\n1,ann,rome,1\n")), db=db)
    equal(penstock("rejects", "list", "--run", "latest", db=db).err, "", "a run without rejects")


def work():
    for kind in databases():
        for part in (transformed, masked, while_a_load_runs, upserted, what_is_next, of_another_pipeline, in_files):
            part(kind)
    print("replays through transforms, masks, locks and upserts, on %d databases" % len(databases()))


main(work)
