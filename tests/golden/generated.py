"""SPDX-License-Identifier: Apache-2.0"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import TOP, Db, check, databases, equal, main, newdb, penstock, run, tmp

DICTIONARY = TOP + "/examples/hr/datapackage.yaml"
MIGRATE = TOP + "/pipelines/migrate.yaml"

# By hand, from the dictionary of the hr example.
RULES = {
    "departments": ["id.type", "id.required", "id.primary-key", "department.required", "department.maxLength"],
    "jobs": ["id.type", "id.required", "id.primary-key", "job.required", "job.maxLength"],
    "hired_employees": ["id.type", "id.required", "id.primary-key", "name.required", "name.maxLength", "datetime.type", "datetime.required",
                        "department_id.type", "department_id.required", "department_id.foreign-key", "job_id.type", "job_id.required",
                        "job_id.foreign-key"],
}

# Every type, with hand-written columns per database.
TYPES = """
resources:
  - name: parent
    schema:
      fields: [{ name: a, type: string, constraints: { maxLength: 10 } }, { name: b, type: integer }]
      primaryKey: [a, b]
  - name: every
    schema:
      fields:
        - { name: id, type: integer }
        - { name: s, type: string, constraints: { maxLength: 20 } }
        - { name: x, type: number }
        - { name: small, type: number, precision: 9, scale: 2 }
        - { name: large, type: number, precision: 30, scale: 10 }
        - { name: flag, type: boolean }
        - { name: d, type: date }
        - { name: at, type: datetime, constraints: { required: true } }
        - { name: pa, type: string, constraints: { maxLength: 10 } }
        - { name: pb, type: integer }
      primaryKey: id
      uniqueKeys: [[s, d]]
      foreignKeys: [{ fields: [pa, pb], reference: { resource: parent, fields: [a, b] } }]
"""
COLUMNS = {
    "postgresql": {"id": "bigint", "s": "text", "x": "double precision", "small": "numeric(9,2)", "large": "numeric(30,10)", "flag": "boolean",
                   "d": "date", "at": "timestamp with time zone", "pa": "text", "pb": "bigint"},
    "sqlite": {"id": "INTEGER", "s": "TEXT", "x": "REAL", "small": "NUMERIC", "large": "TEXT", "flag": "INTEGER", "d": "TEXT", "at": "TEXT",
               "pa": "TEXT", "pb": "INTEGER"},
    "mariadb": {"id": "bigint(20)", "s": "varchar(20)", "x": "double", "small": "decimal(9,2)", "large": "decimal(30,10)", "flag": "tinyint(1)",
                "d": "date", "at": "datetime(6)", "pa": "varchar(10)", "pb": "bigint(20)"},
}
STATE = ("penstock_checkpoints", "penstock_files", "penstock_meta", "penstock_rejects", "penstock_runs")


def rules():
    done = penstock("rules", DICTIONARY)
    equal(done.code, 0, "penstock rules: " + done.tail())
    listed = [word for line in done.out.splitlines() for word in line.split()[:1]]
    for table, names in RULES.items():
        got = [rule for rule in listed if rule.startswith(table + ".")]
        wanted = ["%s.%s" % (table, name) for name in names]
        missing = sorted(set(wanted) - set(got))
        check(not missing, "penstock rules does not list %s" % missing)
        equal(len(set(got)), len(got), "rules of %s, each once: %s" % (table, got))
        one = penstock("rules", DICTIONARY, table)
        equal([line.split()[0] for line in one.out.splitlines() if line.strip() and line.split()[0].startswith(table + ".")], got, "penstock rules DICTIONARY " + table)
        # In the order in which they are judged: every key rule behind every cell rule.
        cells = [at for at, rule in enumerate(got) if rule.rsplit(".", 1)[1] in ("type", "required", "maxLength")]
        keys = [at for at, rule in enumerate(got) if rule.rsplit(".", 1)[1] in ("primary-key", "foreign-key")]
        check(max(cells) < min(keys), "rules of %s stand in the order of judgement: %s" % (table, got))


def shell(db, text):
    words = ["sqlite3", "-bail", db.path] if db.kind == "sqlite" else db.shell()
    done = subprocess.run(words, input=text, text=True, capture_output=True, env=db.environment() if db.kind != "sqlite" else None)
    check(done.returncode == 0 and not done.stderr.strip(), "%s does not take the DDL: %s\n%s" % (words[0], done.stderr, text))


def shape(db):
    """Columns, keys and references of all tables, as the catalog has them."""
    if db.kind == "sqlite":
        # The text of a CREATE may be spelled in two ways; its meaning may not.
        out = []
        for table in db.tables():
            out.append((table, db.query("select name, type, \"notnull\", pk from pragma_table_info('%s') order by cid" % table),
                        sorted(db.query("select \"table\", \"from\", \"to\" from pragma_foreign_key_list('%s')" % table)),
                        sorted(db.query("select il.\"unique\", group_concat(ii.name) from pragma_index_list('%s') il, pragma_index_info(il.name) ii group by il.name" % table))))
        return out
    if db.kind == "mariadb":
        return [(table, re.sub(r" AUTO_INCREMENT=\d+", "", db.query('show create table "%s"' % table)[0][1])) for table in db.tables()]
    return (db.query("select table_name, column_name, data_type, is_nullable, numeric_precision, numeric_scale, character_maximum_length "
                     "from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position"),
            sorted(db.query("select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) from pg_constraint "
                            "where connamespace = 'public'::regnamespace")))


def ddl():
    with open(tmp("types.yaml"), "w") as file:
        file.write(TYPES)
    for kind in databases():
        done = penstock("schema", "ddl", DICTIONARY, "--dialect", kind, "--state")
        equal(done.code, 0, "schema ddl: " + done.tail())
        by_hand, by_run = newdb(kind), newdb(kind)
        shell(by_hand, done.out)
        for table in STATE:
            check(table in by_hand.tables(), "%s: --state makes %s" % (kind, table))
        run(MIGRATE, db=by_run)
        equal(shape(by_hand), shape(by_run), kind + ": tables made by the DDL and by a run")
        # A run is content with what the DDL made.
        run(MIGRATE, db=by_hand)
        compare.everything(by_hand, oracle.folder(TOP + "/examples/hr/data", "examples/hr/data"), 1)

        db = newdb(kind)
        shell(db, penstock("schema", "ddl", tmp("types.yaml"), "--dialect", kind).out)
        equal(db.tables(), ["every", "parent"], kind + ": tables without --state")
        if kind == "sqlite":
            got = dict(db.query("select name, upper(type) from pragma_table_info('every')"))
            got = {name: "NUMERIC" if text.startswith("NUMERIC") else text for name, text in got.items()}
        elif kind == "mariadb":
            got = dict(db.query("select column_name, column_type from information_schema.columns where table_schema = database() and table_name = 'every'"))
            equal({row[0] for row in db.query("select collation_name from information_schema.columns where table_schema = database() "
                                              "and collation_name is not null")}, {"utf8mb4_nopad_bin"}, "mariadb: collations")
        else:
            got = dict(db.query("select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'every'::regclass and attnum > 0"))
        equal(got, COLUMNS[kind], kind + ": columns of every type")


def rights():
    """With its tables there, no CREATE right is needed."""
    if "postgresql" not in databases():
        return
    db = newdb("postgresql")
    shell(db, penstock("schema", "ddl", DICTIONARY, "--dialect", "postgresql", "--state").out)
    role = "loader_%s" % db.path
    db.execute("create role %s login password 'load0r'" % role, "revoke create on schema public from public",
               "grant select, insert, update, delete on all tables in schema public to " + role,
               "grant usage on all sequences in schema public to " + role)
    try:
        loader = Db(db.connect.replace("Uid=" + db.parts["Uid"], "Uid=" + role).replace("Pwd=" + db.parts["Pwd"], "Pwd=load0r"))
        run(MIGRATE, db=loader)
        compare.everything(db, oracle.folder(TOP + "/examples/hr/data", "examples/hr/data"), 1)
    finally:
        db.execute("drop owned by " + role, "drop role " + role)


def test():
    rules()
    ddl()
    rights()


main(test)
