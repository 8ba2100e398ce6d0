"""mode: replace, as the contract says it: parents that children reference, cascades, rows that are the same, rows that trade places.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from backups import HR, MIGRATE, RESTORE, backup, content, fresh, same
from harness import TOP, Db, check, databases, equal, main, newdb, penstock, run, step_of, tmp


def migrated(kind):
    db = newdb(kind)
    run(MIGRATE, db=db, code=(0, 3))
    return db


def restore(db, folder, *arguments, code=0):
    return run(RESTORE, "--set", "folder=" + os.path.dirname(folder), *arguments, db=db, code=code)


def added_since(kind):
    """A department and its employee were added since the backup: both go, children first."""
    db = migrated(kind)
    before = content(db, *HR)
    folder = backup(db, fresh("added." + kind))
    job = db.value("select min(id) from jobs")
    db.execute("insert into departments (id, department) values (777, 'New')",
               "insert into hired_employees (id, name, datetime, department_id, job_id) values (777777, 'N', '2024-01-01 00:00:00', 777, %s)" % job)
    done = restore(db, folder)
    same(content(db, *HR), before, kind + ": all tables, after a department and its employee were added")
    equal([step["status"] for step in done.json["steps"]], ["succeeded"] * 3, "status of the steps")
    # The parent alone, while a child still references what would be deleted.
    db.execute("insert into departments (id, department) values (777, 'New')",
               "insert into hired_employees (id, name, datetime, department_id, job_id) values (777777, 'N', '2024-01-01 00:00:00', 777, %s)" % job)
    now = content(db, *HR)
    done = restore(db, folder, "--set", "table=departments", code=5)
    check("777" in done.err and "hired_employees" in done.err, kind + ": the key and who references it are named: " + done.err)
    same(content(db, *HR), now, kind + ": nothing moved")
    db.execute("delete from hired_employees where id = 777777", "update departments set department = 'changed' where id = 1")
    done = restore(db, folder, "--set", "table=departments")
    same(content(db, *HR), before, kind + ": the parent alone, its children kept")
    print("%s: added since" % kind)


def same_rows(kind):
    """A row that is the same is not touched: no trigger fires for it."""
    db = migrated(kind)
    folder = backup(db, fresh("same." + kind))
    if kind == "sqlite":
        db.execute("create table touched (what text)",
                   "create trigger t1 after update on departments begin insert into touched values ('u'); end",
                   "create trigger t2 after insert on departments begin insert into touched values ('i'); end",
                   "create trigger t3 after delete on departments begin insert into touched values ('d'); end")
    elif kind == "mariadb":
        db.execute("create table touched (what text)", *("create trigger t_%s after %s on departments for each row insert into touched values ('%s')" %
                                                         (what, what, what) for what in ("update", "insert", "delete")))
    else:
        db.execute("create table touched (what text)",
                   "create function touch() returns trigger language plpgsql as $$ begin insert into touched values (tg_op); return null; end $$",
                   "create trigger t after insert or update or delete on departments for each row execute function touch()")
    restore(db, folder)
    equal(db.count("touched"), 0, kind + ": triggers that fired for rows that are the same")
    first = db.value("select min(id) from departments")
    db.execute("update departments set department = 'else' where id = %s" % first)
    db.execute("delete from touched")
    restore(db, folder)
    equal(db.count("touched"), 1, kind + ": triggers that fired for one row that changed")
    print("%s: same rows" % kind)


SHOP = """
resources:
  - name: part
    schema:
      fields: [{ name: id, type: integer }, { name: label, type: string, constraints: { required: true, maxLength: 100 } }]
      primaryKey: id
      uniqueKeys: [[label]]
  - name: line
    schema:
      fields: [{ name: id, type: integer }, { name: part_id, type: integer }]
      primaryKey: id
      foreignKeys: [{ fields: part_id, reference: { resource: part, fields: id } }]
"""
REPLACE = """
version: 1
name: shop
dictionary: shop.yaml
params: { data: { default: . }, table: { default: "*" } }
connections: { db: { type: odbc, connect: "${PENSTOCK_DB}" } }
state: db
steps:
  - for_each: { table: "${params.table}" }
    name: "${table}"
    source: { type: csv, path: "${params.data}/${table}.csv" }
    rules: { table: "${table}" }
    sink: { type: odbc, connection: db, table: "${table}", mode: replace, create: true%s }
"""


def shop(name, parts, lines, extra=""):
    folder = fresh(name)
    for file, text in (("shop.yaml", SHOP), ("shop.pipeline.yaml", REPLACE % extra), ("part.csv", "id,label\n" + parts), ("line.csv", "id,part_id\n" + lines)):
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    return folder


def go(db, folder, *arguments, code=0):
    return run(folder + "/shop.pipeline.yaml", "--set", "data=" + folder, *arguments, db=db, code=code)


def places(kind):
    """Unique values that trade places, a source without a row, a reject, cascades."""
    db = newdb(kind)
    go(db, shop("shop.1", "1,a\n2,b\n3,c\n", "10,1\n"))
    equal(db.query("select id, label from part order by id"), [("1", "a"), ("2", "b"), ("3", "c")], kind + ": made and filled")
    # 2 and 3 trade labels, and nothing references them.
    go(db, shop("shop.2", "1,a\n2,c\n3,b\n4,d\n", "10,1\n"))
    equal(db.query("select id, label from part order by id"), [("1", "a"), ("2", "c"), ("3", "b"), ("4", "d")], kind + ": labels that traded places")
    # 1 is referenced (by a line outside of this run).
    now = content(db, "part", "line")
    done = go(db, shop("shop.3", "1,c\n2,a\n3,b\n4,d\n", "10,1\n"), "--set", "table=part", code=(0, 5))
    if done.code == 5:
        check("part" in done.err, kind + ": the table is named: " + done.err)
        same(content(db, "part", "line"), now, kind + ": rolled back")
    else:
        equal(db.query("select id, label from part order by id"), [("1", "c"), ("2", "a"), ("3", "b"), ("4", "d")], kind + ": traded with a referenced row")
        go(db, shop("shop.2", "1,a\n2,c\n3,b\n4,d\n", "10,1\n"))
    # No row, and no manifest that says so.
    done = go(db, shop("shop.4", "", ""), code=6)
    check("allow_empty" in done.err, kind + ": what to do is said: " + done.err)
    same(content(db, "part", "line"), now, kind + ": an empty source moved nothing")
    # One reject is too many by default, and its record is kept.
    done = go(db, shop("shop.5", "1,a\nx,b\n", "10,1\n"), code=3)
    same(content(db, "part", "line"), now, kind + ": a reject moved nothing")
    equal(db.query("select rule, published from penstock_rejects where step = 'part'")[-1][0], "part.id.type", kind + ": the reject is kept")
    go(db, shop("shop.6", "", "", ", allow_empty: true"))
    equal((db.count("part"), db.count("line")), (0, 0), kind + ": emptied, since that was meant")
    done = penstock("run", folder := shop("shop.1", "1,a\n", "10,1\n") + "/shop.pipeline.yaml", "--limit", "1", db=db)
    equal(done.code, 2, "--limit on replace: " + done.tail())
    print("%s: places" % kind)


def cascades(kind):
    # InnoDB refuses SET DEFAULT.
    for action in ("cascade", "set null", "set default")[:2 if kind == "mariadb" else 3]:
        db = newdb(kind)
        db.execute("create table part (id bigint primary key, label varchar(100) not null unique)",
                   "create table line (id bigint primary key, part_id bigint default 1 references part (id) on delete %s)" % action,
                   "insert into part values (1, 'a')", "insert into part values (2, 'b')", "insert into line values (10, 2)")
        folder = shop("shop.7", "1,a\n", "10,1\n")
        done = go(db, folder, "--set", "table=part", code=2)
        check("cascade" in done.err.lower() and "line" in done.err, "%s, on delete %s: refused by name: %s" % (kind, action, done.err))
        equal((db.count("part"), db.count("line")), (2, 1), "nothing moved")
        go(db, shop("shop.8", "1,a\n", "10,1\n", ", cascade: true"), "--set", "table=part")
        equal(db.query("select id from part"), [("1",)], "%s, on delete %s, cascade: true" % (kind, action))
        equal(db.count("line"), 0 if action == "cascade" else 1, "%s, on delete %s: the child" % (kind, action))
    print("%s: cascades" % kind)


def around(kind):
    """What stands around a table stays: indexes, views, triggers, grants; columns the dictionary lacks are not lost by accident."""
    db = newdb(kind)
    db.execute("create table part (id bigint primary key, label varchar(100) not null unique, extra varchar(100))", "create index part_extra on part (extra)",
               "create view parts as select label from part", "create table line (id bigint primary key, part_id bigint references part (id))",
               "insert into part values (1, 'a', 'keep me')")
    if kind == "postgresql":
        db.execute("grant select on part to public")
    done = go(db, shop("shop.9", "1,a\n", "10,1\n"), code=2)
    check("extra" in done.err and "ignore" in done.err, kind + ": a column that the dictionary lacks: " + done.err)
    go(db, shop("shop.10", "1,b\n2,c\n", "10,1\n", ", ignore: [extra]"))
    equal(db.query("select id, label, extra from part order by id"), [("1", "b", "keep me"), ("2", "c", None)], kind + ": the ignored column of a row that stayed")
    equal(db.query("select label from parts order by 1"), [("b",), ("c",)], "the view")
    if kind == "mariadb":
        through_views(db)
    if kind == "postgresql":
        equal(db.value("select has_table_privilege('public', 'part', 'select')"), "t", "the grant")
        equal(db.value("select count(*) from pg_indexes where indexname = 'part_extra'"), "1", "the index")
    elif kind == "mariadb":
        equal(db.value("select count(*) from information_schema.statistics where table_schema = database() and index_name = 'part_extra'"), "1", "the index")
    else:
        equal(db.value("select count(*) from sqlite_master where name = 'part_extra'"), "1", "the index")
    print("%s: around" % kind)


def through_views(db):
    """Rows go through a view that takes them; one that takes none is refused before anything is read."""
    folder = shop("views", "7,g\n", "10,1\n")
    text = REPLACE.replace("mode: replace, create: true%s", "mode: append").replace('table: "${table}", mode', "table: %s, mode")
    db.execute("create view open_parts as select id, label from part", "create view counted as select count(*) as id, max(label) as label from part")
    for view, code in (("open_parts", 0), ("counted", 2)):
        with open(os.path.join(folder, "shop.pipeline.yaml"), "w") as file:
            file.write(text % view)
        done = go(db, folder, "--set", "table=part", code=code)
        check(code == 0 or "is a view that takes no rows" in done.err, "a view that takes no rows is refused: " + done.err)
    equal(db.value("select label from part where id = 7"), "g", "a row through a view")


def trees(kind):
    """Rows that reference rows of their own table, which come behind them; alone, and with another table that references them."""
    for others in (False, True):
        db = newdb(kind)
        db.execute("create table part (id bigint primary key, label text not null, above bigint references part (id))",
                   "create index part_above on part (above)", "create table line (id bigint primary key, part_id bigint%s)" % (" references part (id)" if others else ""),
                   "insert into part values (1, 'a', null)", "insert into part values (2, 'b', 1)", "insert into part values (9, 'x', 2)",
                   "insert into part values (8, 'y', 9)", "update part set above = 9 where id = 1", "insert into line values (10, 9)")
        parts = [(i, "p%d" % i, 9001 - i) for i in range(1, 9001) if i not in (8, 9, 8992, 8993)]
        folder = shop("tree.1", "", "10,1\n")
        for file, text in (("part.csv", "id,label,above\n" + "".join("%d,%s,%d\n" % part for part in parts)),
                           ("shop.yaml", SHOP.replace("maxLength: 100 } }", "maxLength: 100 } }, { name: above, type: integer }"))):
            with open(os.path.join(folder, file), "w") as out:
                out.write(text)
        go(db, folder)
        equal(db.query("select count(*), sum(id + above), count(distinct label) from part"), [("8996", str(8996 * 9001), "8996")], kind + ": a tree")
        # Some stay, some come, some go, and who references whom has turned round.
        with open(os.path.join(folder, "part.csv"), "w") as out:
            out.write("id,label,above\n" + "".join("%d,%s,%d\n" % (i, "q%d" % i, i + 1 if i < 9500 else 1) for i in range(1, 9501) if i != 5000 and i != 4999))
            out.write("4999,z,5001\n")
        go(db, folder)
        equal(db.query("select count(*), sum(above - id) from part where id < 9500 and id <> 4999"), [("9497", "9497")], kind + ": a tree turned round")
        equal(db.query("select id, label, above from part where id in (4999, 9500) order by id"), [("4999", "z", "5001"), ("9500", "q9500", "1")], kind + ": its ends")
        with open(os.path.join(folder, "part.csv"), "w") as out:
            out.write("id,label,above\n9,last,\n")
        with open(os.path.join(folder, "line.csv"), "w") as out:
            out.write("id,part_id\n10,9\n")
        go(db, folder)
        equal(db.query("select id, label, above from part"), [("9", "last", None)], kind + ": one row is left")
    if kind == "mariadb":
        row_by_row()
    print("%s: trees" % kind)


def row_by_row():
    """InnoDB judges each row of a statement by itself. What cannot be done by references that come last is refused before anything moves."""
    for above, others, words in (("above bigint not null references part (id)", "", "may be null"),
                                 ("above bigint references part (id), unique (label)", " references part (id)", "more unique keys")):
        db = newdb("mariadb")
        db.execute("create table part (id bigint primary key, label varchar(100) collate utf8mb4_nopad_bin not null, %s)" % above, "create table line (id bigint primary key, part_id bigint%s)" % others,
                   "insert into part values (1, 'a', 1)", "insert into part values (2, 'b', 1)", "insert into line values (10, 2)")
        folder = shop("tree.2", "", "10,1\n")
        for file, text in (("part.csv", "id,label,above\n1,a,1\n3,c,1\n"),
                           ("shop.yaml", SHOP.replace("maxLength: 100 } }", "maxLength: 100 } }, { name: above, type: integer }"))):
            with open(os.path.join(folder, file), "w") as out:
                out.write(text)
        now = content(db, "part", "line")
        said = go(db, folder, code=2).err
        check("part references itself" in said and words in said, said)
        same(content(db, "part", "line"), now, "a tree that was refused")
    # Alone, unique keys are no hindrance: also where the reference is a part of one.
    db = newdb("mariadb")
    db.execute("create table part (id bigint primary key, label varchar(100) collate utf8mb4_nopad_bin not null, above bigint references part (id), unique (above, label), unique (label))",
               "create table line (id bigint primary key, part_id bigint)", "insert into part values (1, 'a', null)", "insert into part values (2, 'b', 1)",
               "update part set above = 2 where id = 1")
    folder = shop("tree.3", "", "10,1\n")
    for file, text in (("part.csv", "id,label,above\n2,a,1\n1,b,2\n3,c,3\n"),
                       ("shop.yaml", SHOP.replace("maxLength: 100 } }", "maxLength: 100 } }, { name: above, type: integer }"))):
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    go(db, folder)
    equal(db.query("select id, label, above from part order by id"), [("1", "b", "2"), ("2", "a", "1"), ("3", "c", "3")], "a tree with unique keys")


def hidden():
    """Row level security of PostgreSQL hides rows: neither a backup nor a replacement may take the visible ones for all."""
    db = newdb("postgresql")
    db.execute("create table part (id bigint primary key, label varchar(100) not null unique)", "insert into part select n, 'p' || n from generate_series(1, 10) n",
               "create table line (id bigint primary key, part_id bigint)", "alter table part enable row level security",
               "create policy some_rows on part using (id <= 5)")
    name = "penstock_part_reader_%d" % os.getpid()
    db.execute("create role %s login password 'x'" % name, "grant select, insert, update, delete on all tables in schema public to " + name,
               "grant create on schema public to " + name)
    try:
        reader = Db(";".join("Uid=" + name if part.startswith("Uid=") else "Pwd=x" if part.startswith("Pwd=") else part for part in db.connect.split(";")))
        folder = shop("shop.rls", "1,a\n", "10,1\n")
        done = go(reader, folder, "--set", "table=part", code=2)
        check("row level security" in done.err and "part" in done.err, "a replacement is refused: " + done.err)
        with open(folder + "/backup.yaml", "w") as file:
            file.write("version: 1\nname: b\ndictionary: shop.yaml\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nsteps:\n"
                       "  - source: { type: odbc, connection: db, table: part }\n    rules: { table: part, check: types }\n"
                       "    sink: { type: avro, path: %s/part.avro }\n" % folder)
        done = run(folder + "/backup.yaml", db=reader, code=2)
        check("row level security" in done.err, "a backup is refused: " + done.err)
        check(not os.path.exists(folder + "/part.avro"), "no file is left")
        run(folder + "/backup.yaml", db=db)
        equal(db.count("part"), 10, "nothing moved")
        # What a policy does not let in is a reject of its row.
        folder = shop("shop.policy", "5,taken\n8,hidden\n0,new\n11,beyond\n", "10,1\n")
        with open(folder + "/shop.pipeline.yaml", "w") as file:
            file.write((REPLACE % "").replace("mode: replace, create: true", "mode: append"))
        done = go(reader, folder, "--set", "table=part")
        equal([(step["written"], step["rejects_by_rule"]) for step in done.json["steps"]], [(1, {"part.id.primary-key": 1, "part.database-error": 2})], "rows by policies")
        equal(db.count("part"), 11, "the row that the policy lets in")
        # A parent that others alone may read: the database's words say whose key it is.
        db.execute("create table owned (id bigint primary key)", "insert into owned values (1)",
                   "create table child (id bigint primary key, owned_id bigint references owned, n bigint check (n <> 4))", "grant select, insert on child to " + name)
        with open(folder + "/child.yaml", "w") as file:
            file.write("resources: [{ name: child, schema: { primaryKey: id, fields: [{ name: id, type: integer }, { name: owned_id, type: integer }, { name: n, type: integer }] } }]")
        with open(folder + "/child.csv", "w") as file:
            file.write("id,owned_id,n\n1,1,1\n2,7,1\n3,1,4\n4,1,2\n")
        with open(folder + "/child.pipeline.yaml", "w") as file:
            file.write("version: 1\nname: child\ndictionary: child.yaml\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\nstate: db\n"
                       "source: { type: csv, path: %s/child.csv }\nrules: { table: child }\nsink: { type: odbc, connection: db, table: child }\n" % folder)
        done = run(folder + "/child.pipeline.yaml", db=reader)
        equal([(step["written"], step["rejects_by_rule"]) for step in done.json["steps"]], [(2, {"child.owned_id.foreign-key": 1, "child.database-error": 1})], "a parent that cannot be read")
        reader.session.close()
    finally:
        db.execute("drop owned by " + name, "drop role " + name)
    print("postgresql: hidden rows")


def test():
    for kind in databases():
        added_since(kind)
        same_rows(kind)
        places(kind)
        cascades(kind)
        around(kind)
        trees(kind)
    if "postgresql" in databases():
        hidden()


main(test)
