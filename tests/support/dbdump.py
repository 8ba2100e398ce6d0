"""Reads target tables and penstock_rejects in one form for every database, so that they can be compared.

usage: dbdump.py CONNECTION-STRING-FILE TABLE...      (a file, so that no password stands in arguments; `rejects` is penstock_rejects)
SPDX-License-Identifier: Apache-2.0
"""
import json
import sys

from harness import Db, Failed, fraction, number

REJECT_COLUMNS = ("step", "table_name", "source", "record_no", "field", "code", "rule", "record")


def columns(db, table):
    """(name, kind) of each column; kind: text, number, boolean, datetime, other."""
    if db.kind == "sqlite":
        out = []
        for row in db.query("select name, type from pragma_table_xinfo('%s') order by cid" % table):
            declared = row[1].upper()
            out.append((row[0], "number" if any(word in declared for word in ("INT", "REAL", "NUM", "DOUB", "DEC", "FLOA")) else "text"))
        return out
    if db.kind == "mariadb":
        return [(name, mariadb_kind(kind)) for name, kind in db.query(
            "select column_name, column_type from information_schema.columns where table_schema = %s and table_name = '%s' "
            "order by ordinal_position" % ("'%s'" % table.rpartition(".")[0] if "." in table else "database()", table.rpartition(".")[2]))]
    schema, _, name = table.rpartition(".")
    where = "table_schema = %s and table_name = '%s'" % ("'%s'" % schema if schema else "current_schema()", name)
    out = []
    for row in db.query("select column_name, data_type from information_schema.columns where %s order by ordinal_position" % where):
        kind = row[1]
        if kind in ("bigint", "integer", "smallint", "numeric", "double precision", "real"):
            out.append((row[0], "number"))
        elif kind == "boolean":
            out.append((row[0], "boolean"))
        elif kind == "timestamp with time zone":
            out.append((row[0], "datetime"))
        elif kind.startswith("time"):
            out.append((row[0], "time"))
        else:
            out.append((row[0], "text"))
    return out


def mariadb_kind(declared):
    declared = declared.lower()
    if declared == "tinyint(1)":
        return "boolean"
    if declared.startswith(("datetime", "timestamp")):
        return "datetime"
    if declared.startswith("time"):
        return "time"
    if declared.split("(")[0].split(" ")[0] in ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"):
        return "number"
    return "binary" if "blob" in declared or "binary" in declared else "text"


def table_rows(db, table, names=None):
    """All rows of a table as sorted tuples of canonical texts (None for null), and the names of the columns."""
    shape = columns(db, table)
    if not shape:
        raise Failed("%s: there is no table %s" % (db, table))
    if names:
        by_name = dict(shape)
        missing = [name for name in names if name not in by_name]
        if missing:
            raise Failed("%s: table %s has no column %s" % (db, table, missing))
        shape = [(name, by_name[name]) for name in names]
    expressions = []
    for name, kind in shape:
        quoted = '"%s"' % name
        if db.kind == "mariadb":
            if kind == "datetime":
                quoted = "date_format(%s, '%%Y-%%m-%%dT%%H:%%i:%%S.%%fZ')" % quoted
            elif kind == "binary":
                quoted = "concat('\\\\x', lower(hex(%s)))" % quoted
            elif kind in ("number", "time"):
                quoted = "cast(%s as char)" % quoted
        elif kind == "datetime":
            quoted = """to_char(%s at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""" % quoted
        elif kind == "boolean":
            quoted = "case %s when true then 1 when false then 0 end" % quoted
        elif db.kind == "postgresql":
            quoted = quoted + "::text"
        expressions.append(quoted)
    where = '"%s"' % '"."'.join(table.split("."))
    rows = db.query("select %s from %s" % (", ".join(expressions), where))
    convert = []
    for at, (name, kind) in enumerate(shape):
        if kind == "number":
            convert.append((at, safe_number))
        elif kind in ("datetime", "time"):
            convert.append((at, fraction))
    if convert:
        out = []
        for row in rows:
            row = list(row)
            for at, function in convert:
                if row[at] is not None and not (function is safe_number and row[at].isdigit() and row[at][0] != "0"):
                    row[at] = function(row[at])
            out.append(tuple(row))
        rows = out
    return [name for name, _ in shape], sorted(rows, key=lambda row: tuple((cell is not None, cell or "") for cell in row))


def safe_number(text):
    try:
        return number(text)
    except ArithmeticError:
        return text


def rejects(db, where="1 = 1"):
    """(step, table_name, source, record_no, field, code, rule, record) of the rejects, sorted; null is the empty text."""
    if "penstock_rejects" not in db.tables():
        return []
    wanted = ", ".join(REJECT_COLUMNS)
    rows = [tuple("" if cell is None else cell for cell in row)
            for row in db.query("select %s from penstock_rejects where %s" % (wanted, where))]
    return sorted(rows, key=lambda row: (row[0], row[1], row[2], int(row[3]), row))


def violations(db, where="1 = 1"):
    """(step, source, record_no) -> rule ids of all violations of a record, in their order."""
    out = {}
    for step, source, record_no, text in db.query("select step, source, record_no, violations from penstock_rejects where %s" % where):
        out[step, source, int(record_no)] = [violation["rule"] for violation in json.loads(text)]
    return out


def main():
    with open(sys.argv[1]) as file:
        db = Db(file.read().strip())
    for name in sys.argv[2:]:
        if name == "rejects":
            for row in rejects(db):
                print(json.dumps(row))
        else:
            for row in table_rows(db, name)[1]:
                print(json.dumps(row))


if __name__ == "__main__":
    main()
