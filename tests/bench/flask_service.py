"""The service people write today: rows for hired_employees over HTTP with Flask and pyodbc, to be run by gunicorn.

The same checks as the hr dictionary asks of penstock: required, types, lengths, a date that exists, no unknown field, an id once, a
department and a job that are there. One transaction a request: one query a check for all its rows, one INSERT for all good ones. Bad rows
come back with their index, field and reason. DATABASE is the ODBC connection string.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import os
import threading

import flask
import pyodbc

MOST_ROWS, LONGEST_NAME = 1000, 255
FIELDS = ("id", "name", "datetime", "department_id", "job_id")
KNOWN = frozenset(FIELDS)
INTEGERS = ("id", "department_id", "job_id")
DATABASE = os.environ["DATABASE"]
SQLITE = "sqlite" in DATABASE.lower()

app = flask.Flask(__name__)
local = threading.local()


def connection():
    """One a thread, kept."""
    if getattr(local, "connection", None) is None:
        # SQLite takes the writer's place at once (BEGIN IMMEDIATE), which the driver's own transactions do not.
        local.connection = pyodbc.connect(DATABASE, autocommit=SQLITE)
    return local.connection


def begin(cursor):
    if SQLITE:
        cursor.execute("BEGIN IMMEDIATE")


def commit(cursor):
    if SQLITE:
        cursor.execute("COMMIT")
    else:
        cursor.connection.commit()


def rollback(cursor):
    try:
        if SQLITE:
            cursor.execute("ROLLBACK")
        else:
            cursor.connection.rollback()
    except pyodbc.Error:
        local.connection = None


def judge(row):
    """(values, None) or (None, [field, reason])."""
    if not isinstance(row, dict):
        return None, [None, "a row is an object"]
    if row.keys() != KNOWN:
        for field in row:
            if field not in KNOWN:
                return None, [field, "unknown field"]
    for field in FIELDS:
        if row.get(field) in (None, ""):
            return None, [field, "required"]
    for field in INTEGERS:
        if type(row[field]) is not int or not -2**63 <= row[field] < 2**63:
            return None, [field, "not an integer"]
    if not isinstance(row["name"], str):
        return None, ["name", "not a string"]
    if len(row["name"]) > LONGEST_NAME:
        return None, ["name", "longer than 255 characters"]
    try:
        when = datetime.datetime.fromisoformat(row["datetime"])
    except (TypeError, ValueError):
        return None, ["datetime", "not a date and time"]
    if when.tzinfo is not None and when.tzinfo is not datetime.timezone.utc:
        when = when.astimezone(datetime.timezone.utc)
    return (row["id"], row["name"], when.strftime("%Y-%m-%dT%H:%M:%SZ"), row["department_id"], row["job_id"]), None


def present(cursor, table, ids):
    ids = list(set(ids))
    cursor.execute("SELECT id FROM %s WHERE id IN (%s)" % (table, ",".join("?" * len(ids))), ids)
    return {row[0] for row in cursor.fetchall()}


def write(cursor, good, rejects):
    """Writes those whose id is new and whose department and job are there; gives how many."""
    begin(cursor)
    kept = []
    if good:
        taken = present(cursor, "hired_employees", [values[0] for _, values in good])
        departments = present(cursor, "departments", [values[3] for _, values in good])
        jobs = present(cursor, "jobs", [values[4] for _, values in good])
        for index, values in good:
            if values[0] in taken:
                rejects.append({"index": index, "field": "id", "reason": "is there already"})
            elif values[3] not in departments:
                rejects.append({"index": index, "field": "department_id", "reason": "is not in departments"})
            elif values[4] not in jobs:
                rejects.append({"index": index, "field": "job_id", "reason": "is not in jobs"})
            else:
                taken.add(values[0])
                kept.append(values)
    if kept:
        cursor.execute("INSERT INTO hired_employees (id, name, datetime, department_id, job_id) VALUES " + ",".join(["(?,?,?,?,?)"] * len(kept)),
                       [value for values in kept for value in values])
    commit(cursor)
    return len(kept)


@app.post("/hired_employees")
def post():
    rows = flask.request.get_json()
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        return {"error": "an array of 1 to 1000 rows"}, 422
    judged = [(index, *judge(row)) for index, row in enumerate(rows)]
    bad = [{"index": index, "field": why[0], "reason": why[1]} for index, _, why in judged if why]
    good = [(index, values) for index, values, why in judged if not why]
    for attempt in range(3):
        cursor = connection().cursor()
        rejects = list(bad)
        try:
            written = write(cursor, good, rejects)
            break
        except pyodbc.IntegrityError:
            rollback(cursor)  # another request was faster with an id: ask again
        except pyodbc.Error:
            rollback(cursor)
            raise
    else:
        return {"error": "try again"}, 503
    rejects.sort(key=lambda reject: reject["index"])
    return {"received": len(rows), "written": written, "rejected": len(rejects), "rejects": rejects}, 200 if written else 422
