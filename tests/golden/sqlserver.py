"""Holds `penstock schema ddl --dialect sqlserver` against tests/golden/sqlserver/every.sql, which was written by hand from Microsoft's documentation
of Transact-SQL (no server was there to run it), its mistakes against their messages, and the tables of state against what an index may hold.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, hr_pipeline, main, penstock, tmp

HERE = TOP + "/tests/golden/sqlserver/"
COLLATE = " COLLATE Latin1_General_100_BIN2"
# Bytes of a value in a key: "Data types" and "nchar and nvarchar" of the manual.
BYTES = {"bigint": 8, "datetime2(6)": 8, "nvarchar(200)" + COLLATE: 400}  # of datetime2 with 5 to 7 digits, too
CLUSTERED, NONCLUSTERED = 900, 1700
# Of each table, from the contract: the columns that hold times and numbers; those that may be null.
TIMES = {"rejected_at", "started_at", "finished_at", "claimed_at", "updated_at", "loaded_at", "created_at"}
TABLES = {"penstock_rejects": "reject_id run_id pipeline step table_name source record_no line_no byte_offset field code rule message violations record "
                              "published attempts rejected_at resolved_run_id",
          "penstock_runs": "run_id kind pipeline status started_at finished_at read_rows written_rows rejected_rows skipped_rows exit_code summary",
          "penstock_checkpoints": "pipeline step table_name partition partitions source content_hash position epoch counts state",
          "penstock_files": "", "penstock_idempotency": "api_key pipeline idem_key body_sha256 status answer created_at", "penstock_meta": ""}


def ddl(*arguments):
    done = penstock("schema", "ddl", "--dialect", "sqlserver", *arguments)
    equal(done.code, 0, "schema ddl: " + done.tail())
    return done.out


def refused(text, tables):
    path = tmp("wrong.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"name": "wrong", "resources": tables}, out)
    done = penstock("schema", "ddl", "--dialect", "sqlserver", path)
    equal(done.code, 2, "%s: %s" % (text, done.tail()))
    check(text in done.err, "the message says %r: %s" % (text, done.err))
    equal(done.out, "", "no part of a script is printed")


def table(name, fields, **keys):
    return {"name": name, "schema": dict({"fields": fields}, **keys)}


def string(name, most=None, **constraints):
    return {"name": name, "type": "string", "constraints": dict(constraints, **({"maxLength": most} if most else {}))}


def mistakes():
    whole = {"name": "n", "type": "integer"}
    refused("field name of t", [table("t", [string("name")], primaryKey="name")])
    refused("field name of t", [table("t", [string("name", unique=True)])])
    refused("maxLength of at most 425", [table("p", [string("name", 10)], primaryKey="name"),
                                         table("t", [string("name")], foreignKeys=[{"fields": "name", "reference": {"resource": "p", "fields": "name"}}])])
    refused("1700 bytes", [table("t", [string("name", 426)], primaryKey="name")])
    refused("1700 bytes", [table("t", [whole, string("name", 424)], uniqueKeys=[["n", "name"]])])
    refused("field raw of t", [table("t", [dict(string("raw", 10), format="binary")], primaryKey="raw")])
    refused("at most 1024 columns", [table("t", [{"name": "n%d" % at, "type": "integer"} for at in range(1025)])])
    refused("at most 128", [table("t", [{"name": "\U0001F642" * 64 + "n", "type": "integer"}])])
    refused("control characters", [table("t", [{"name": "a\nGO\nb", "type": "integer"}])])
    refused("make field code required", [table("p", [whole, string("code", 10, unique=True)], primaryKey="n"),
                                         table("t", [string("code", 10)], foreignKeys=[{"fields": "code", "reference": {"resource": "p", "fields": "code"}}])])
    # At the limits themselves.
    path = tmp("limits.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"name": "limits", "resources": [
            table("t", [{"name": "\U0001F642" * 64, "type": "integer"}] + [{"name": "n%d" % at, "type": "integer"} for at in range(1023)]),
            table("u", [string("name", 425)], primaryKey="name"), table("v", [string("name", 225)], primaryKey="name")]}, out)
    text = ddl(path)
    check('PRIMARY KEY NONCLUSTERED ([name])' in text and 'PRIMARY KEY ([name])' in text, "a key of 1700 bytes is not clustered, one of 900 is")


def state():
    """Every table and column of the contract; each key within what an index holds; a second run of the script does nothing."""
    script = ddl("--state")
    for name, columns in TABLES.items():
        made = re.search(r"IF OBJECT_ID\(N'%s', N'U'\) IS NULL\nCREATE TABLE %s \(\n(.*?)\n\);\n" % (name, name), script, re.S)
        check(made, "no %s, or not only where there is none: %s" % (name, script))
        types = dict(re.findall(r"^    \[(\w+)\] (.*?) (?:IDENTITY\(1,1\) )?(?:NOT )?NULL(?: PRIMARY KEY)?,?$", made.group(1), re.M))
        for column in columns.split():
            check(column in types, "%s has no %s: %s" % (name, column, types))
        for column, kind in types.items():
            check((kind == "datetime2(6)") == (column in TIMES), "%s.%s is %s" % (name, column, kind))
        keys = [(bool(kind), fields) for kind, fields in re.findall(r"PRIMARY KEY (NONCLUSTERED )?\((.*?)\)", made.group(1))]
        keys += [(True, fields) for fields in re.findall(r"name = N'\w+'\)\nCREATE INDEX \w+ ON %s \((.*?)\)" % name, script)]
        for nonclustered, fields in keys:
            size = sum(BYTES[types[field.strip("[] ")]] for field in fields.split(","))
            check(size <= (NONCLUSTERED if nonclustered else CLUSTERED), "%s: a key over %s has %d bytes" % (name, fields, size))
    check("\nGO" not in script and "CREATE INDEX penstock_rejects_unpublished ON penstock_rejects (pipeline, step, table_name) WHERE published = 0;" in script, script)
    script = ddl("--state", "--state-schema", "o'dd]")
    check("IF OBJECT_ID(N'[o''dd]]].penstock_runs', N'U') IS NULL\nCREATE TABLE [o'dd]]].penstock_runs (" in script, script)


def rows():
    """Rows neither go there nor come from there, and the message says so, whether the driver is installed or not."""
    path = hr_pipeline(tmp("hr.yaml"))
    for driver in ("ODBC Driver 18 for SQL Server", "FreeTDS", "/usr/lib/libtdsodbc.so"):
        env = {"PENSTOCK_DB": "Driver={%s};Server=nowhere.invalid;Database=hr;Uid=a;Pwd=s3cr3t" % driver}
        for command in ("run", "plan", "check"):
            done = penstock(command, path, "--set", "data=" + TOP + "/examples/hr/data", env=env)
            equal(done.code, 2, "%s with %s: %s" % (command, driver, done.tail()))
            check("Microsoft SQL Server" in done.err and "penstock schema ddl --dialect sqlserver" in done.err and "s3cr3t" not in done.err, done.tail())


def test():
    with open(HERE + "every.sql", encoding="utf-8") as file:
        equal(ddl(HERE + "every.yaml"), file.read(), "every type and key")
    mistakes()
    state()
    rows()


main(test)
