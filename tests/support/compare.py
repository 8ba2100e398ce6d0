"""Holds a database against the oracle: "equal to an undisturbed run" as the contract defines it.

Target tables, penstock_rejects in its eight columns, and the sums of the books over all attempts.
SPDX-License-Identifier: Apache-2.0
"""
import json

import dbdump
import oracle
from harness import Failed, check, equal, skipped, step_of


def published(db, flag):
    """A condition on `published`, which is a boolean where the database has one."""
    if db.kind == "postgresql":
        return "published::text in (%s)" % ("'1', 't', 'true'" if flag else "'0', 'f', 'false'")
    return "published = %d" % (1 if flag else 0)


def first_difference(got, wanted, what):
    if got == wanted:
        return
    extra = sorted(set(got) - set(wanted), key=str)
    missing = sorted(set(wanted) - set(got), key=str)
    twice = len(got) - len(set(got))
    raise Failed("%s: %d wanted, %d got; %d missing %s; %d too many %s; %d doubled" %
                 (what, len(wanted), len(got), len(missing), missing[:3], len(extra), extra[:3], twice))


def rows(db, tables):
    """The target tables hold what the oracle says, no row more and no row less."""
    for name, table in tables.items():
        _, got = dbdump.table_rows(db, name, [field for field, _, _ in oracle.TABLES[name]["fields"]])
        wanted = sorted(table.rows.values(), key=lambda row: tuple((cell is not None, cell or "") for cell in row))
        first_difference(got, wanted, "%s: rows of %s" % (db, name))


def wanted_rejects(tables):
    wanted = [reject[:8] for table in tables.values() for reject in table.rejects]
    return sorted(wanted, key=lambda row: (row[0], row[1], row[2], int(row[3]), row))


def rejects(db, tables, flag=True):
    """penstock_rejects holds what the oracle says, published or (flag False) not, and nothing else."""
    wanted = wanted_rejects(tables)
    first_difference(dbdump.rejects(db), wanted, "%s: penstock_rejects" % db)
    first_difference(dbdump.rejects(db, published(db, flag)), wanted, "%s: penstock_rejects with published = %d" % (db, flag))
    known = {(reject.step, reject.source, int(reject.record_no)): reject for table in tables.values() for reject in table.rejects}
    for key, rules in dbdump.violations(db).items():
        equal(rules, known[key].violations, "%s: violations of %s" % (db, key))
    for step, source, number, line, offset in db.query("select step, source, record_no, line_no, byte_offset from penstock_rejects"):
        reject = known[step, source, int(number)]
        equal((int(line), int(offset)), (reject.line_no, reject.byte_offset), "%s: line_no and byte_offset of %s record %s" % (db, step, number))


def runs(db):
    wanted = "run_id, status, read_rows, written_rows, rejected_rows, skipped_rows, exit_code, summary"
    return db.query("select %s from penstock_runs order by started_at, run_id" % wanted)


def rolled_back(summary):
    """Rejects of steps that were rolled back: the next attempt replaces them, so they count in no sum."""
    if not summary:
        return 0
    return sum(step["rejected"] for step in json.loads(summary).get("steps", [])
               if step["written"] == 0 and step["skipped_by_reason"].get("rolled_back"))


def sums(db, tables, attempts=None):
    """Written and rejected summed over all attempts are those of an undisturbed run; the books of every attempt balance."""
    written = rejected = 0
    seen = runs(db)
    for at, (run_id, status, *numbers, code, summary) in enumerate(seen):
        read, wrote, refused, skips = (int(cell or 0) for cell in numbers)
        equal(wrote + refused + skips, read, "%s: books of attempt %d (%s, %s)" % (db, at + 1, run_id, status))
        check(status != "running", "%s: attempt %d (%s) is still called running" % (db, at + 1, run_id))
        written += wrote
        rejected += refused - rolled_back(summary)
    wanted = (sum(table.books.written for table in tables.values()), sum(table.books.rejected for table in tables.values()))
    if (written, rejected) != wanted:
        listing = "\n".join(" ".join(str(cell) for cell in row[:7]) for row in seen)
        raise Failed("%s: written and rejected summed over %d attempts: wanted %s, got %s\n%s" % (db, len(seen), wanted, (written, rejected), listing))
    if attempts is not None:
        check(len(seen) <= attempts, "%s: %d rows in penstock_runs for %d attempts" % (db, len(seen), attempts))
    return seen


def finished(done, tables):
    """The summary of the run that ended a load, in however many attempts: every record was read, and those of earlier attempts are skipped."""
    for name, table in tables.items():
        step = step_of(done.json, name)
        equal(step["read"], table.books.read, "records read by the last attempt, %s: %s" % (name, skipped(step)))
        check(set(skipped(step)) <= {"already_loaded", "already_committed", "blank"}, "skipped by the last attempt, %s: %s" % (name, skipped(step)))


def everything(db, tables, attempts=None):
    rows(db, tables)
    rejects(db, tables)
    found = sums(db, tables, attempts)
    if db.kind == "sqlite":
        equal(db.value("pragma integrity_check"), "ok", "sqlite: integrity_check")
    return found


def snapshot(db, tables=("departments", "jobs", "hired_employees")):
    """What must not move when a run is refused: rows and rejects."""
    there = db.tables()
    return {name: dbdump.table_rows(db, name) for name in tables if name in there}, dbdump.rejects(db)
