"""usage: late_keys.py

An event trigger of the database itself writes down how many rows a table had when each ALTER TABLE ended.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import TOP, equal, hr_data, hr_pipeline, main, newdb, penstock, run, tmp

WATCH = """
create table seen (tag text, rows bigint);
create function watch() returns event_trigger language plpgsql as $$
declare n bigint;
begin
  select count(*) into n from hired_employees;
  insert into seen values (tg_tag, n);
exception when undefined_table then null;
end $$;
create event trigger watch on ddl_command_end when tag in ('ALTER TABLE') execute function watch();
"""
# What a database may do to a table that somebody makes: here it refuses, or drops, some rows.
MEDDLE = """
create function quiet() returns trigger language plpgsql as $$ begin return case when mod(new.id, 1000) = 7 then null else new end; end $$;
create function meddle() returns event_trigger language plpgsql as $$
begin
  if exists (select 1 from pg_event_trigger_ddl_commands() where object_identity = 'public.hired_employees' and command_tag = 'CREATE TABLE') then
    %s;
  end if;
end $$;
create event trigger meddle on ddl_command_end when tag in ('CREATE TABLE') execute function meddle();
"""
CHECKED = "alter table hired_employees add constraint odd check (mod(id, 1000) <> 500)"
QUIET = "create trigger quiet before insert on hired_employees for each row execute function quiet()"
TRANSACTIONS = "select count(distinct xmin::text) from hired_employees"  # a savepoint has a number of its own
CONSTRAINTS = """select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
                 where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'penstock%' order by 1"""
COLUMNS = """select table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable from information_schema.columns
             where table_schema = 'public' and table_name in ('departments', 'jobs', 'hired_employees') order by table_name, ordinal_position"""

TWICE = """version: 1
name: twice
dictionary: %s/examples/hr/datapackage.yaml
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
steps:
  - name: jobs
    source: { type: csv, path: %s, header: false }
    rules: { table: jobs, check: types }
    sink: { type: odbc, connection: db, table: jobs, mode: replace, create: true }
"""


ROWS = 60000


def watched():
    db = newdb("postgresql")
    db.execute(WATCH)
    return db


def same_as_ddl(data):
    db, printed = watched(), newdb("postgresql")
    run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
    printed.execute(penstock("schema", "ddl", TOP + "/examples/hr/datapackage.yaml", "--dialect", "postgresql").out)
    for what in (CONSTRAINTS, COLUMNS):
        equal(db.query(what), printed.query(what), "the tables that were made and those of schema ddl")
    compare.everything(db, oracle.folder(data), 1)
    written = db.count("hired_employees")
    equal(db.query("select tag, rows from seen"), [("ALTER TABLE", str(written))], "the keys came after the rows")
    equal(db.value(TRANSACTIONS), "1", "transactions below the step's")


def meddled(data, how, remainder, code, words):
    """The rows go without savepoints, until the database refuses one all the same: then it is found, and all others are written."""
    db = newdb("postgresql")
    db.execute(MEDDLE % how)
    done = run(hr_pipeline(tmp("load.yaml")), "--set", "data=" + data, db=db)
    expected = [number for number in range(1, ROWS + 1) if number % 1000 == remainder]
    equal(db.query("select record_no, code, published from penstock_rejects order by record_no"),
          [(str(number), "database-error", "1") for number in expected], "the rejects")
    equal(db.value("select count(*) from penstock_rejects where message like '%%%s%%' and message like '%%%s%%'" % (words, code)),
          str(len(expected)), "rejects with the database's words")
    equal(db.count("hired_employees"), ROWS - len(expected), "rows")
    equal(db.value("select count(*) from hired_employees where mod(id, 1000) = %d" % remainder), "0", "refused rows that are there")
    equal((done.json["read"], done.json["written"], done.json["rejected"]),
          (ROWS + 12 + 180, ROWS + 12 + 180 - len(expected), len(expected)), "the books")
    equal(done.err.count("trying again"), 1, "tries")
    equal(db.value("select count(*) from pg_constraint where conrelid = 'hired_employees'::regclass and contype in ('p', 'f')"), "3", "keys")


def in_pieces(data):
    """What was committed before must be protected by its keys."""
    db = watched()
    run(hr_pipeline(tmp("load.yaml"), "{ rows: 500 }"), "--set", "data=" + data, db=db)
    equal(db.count("seen"), 0, "ALTER TABLE where a step commits in pieces")
    compare.everything(db, oracle.folder(data), 1)


def scatter(data, folder):
    """The same rows with ids so far apart that no set of them is small."""
    shutil.copytree(data, folder)
    with open(data + "/hired_employees.csv") as source, open(folder + "/hired_employees.csv", "w") as target:
        for line in source:
            number, comma, rest = line.partition(",")
            target.write(str(int(number) * 1000003 % (1 << 40)) + comma + rest if number.isdigit() else line)
    return folder


def out_of_memory(data):
    """The keys leave their budget midway: they are added there and then."""
    db = watched()
    run(hr_pipeline(tmp("load.yaml"), "step", limits="{ keys: 1200KiB }"), "--set", "data=" + data, db=db)
    compare.everything(db, oracle.folder(data), 1)
    rows = [int(row[1]) for row in db.query("select tag, rows from seen")]
    written = db.count("hired_employees")
    if len(rows) != 1 or not 0 < rows[0] < written:
        raise AssertionError("the keys were added at %s of %d rows" % (rows, written))


def not_judged():
    """Nobody has looked at the keys (check: types): the database finds the row, and it is named as if they had been there."""
    path = tmp("jobs.csv")
    with open(path, "w") as file:
        file.write("1,one\n2,two\n1,again\n")
    with open(tmp("twice.yaml"), "w") as file:
        file.write(TWICE % (TOP, path))
    db = newdb("postgresql")
    done = run(tmp("twice.yaml"), db=db, code=3)
    if db.exists() and "jobs" in db.tables():
        raise AssertionError("the table stayed")
    equal(db.query("select record_no, rule, published from penstock_rejects"), [("3", "jobs.id.primary-key", "0")], "the reject")
    return done


def test():
    clean = hr_data(tmp("clean"), ROWS, 22, "--quoted", "0")
    meddled(clean, CHECKED, 500, "23514", "violates check constraint")
    meddled(clean, QUIET, 7, "", "dropped the row")
    data = hr_data(tmp("data"), 60000, 21, "--duplicate-id", "3%", "--unknown-job", "1%", "--bad-id", "1%", "--quoted", "1%")
    same_as_ddl(data)
    in_pieces(data)
    out_of_memory(scatter(data, tmp("scattered")))
    not_judged()


main(test)
