"""SPDX-License-Identifier: Apache-2.0"""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import Db, check, databases, equal, hr_data, hr_pipeline, main, newdb, penstock, tmp


def refused(db, arguments, what, secret=None):
    for command in (["run"], ["check"]):
        done = penstock(*command, *arguments, db=db)
        equal(done.code, 5, "%s, %s: %s" % (what, command[0], done.tail()))
        check("db" in done.err + done.out, "%s, %s: the message names the connection: %s" % (what, command[0], done.err))
        if secret:
            check(secret not in done.err + done.out, "%s, %s: the password is in a message" % (what, command[0]))


def test():
    data = hr_data(tmp("data"), 50, 1)
    arguments = [hr_pipeline(tmp("load.yaml")), "--set", "data=" + data]
    refused(Db("Driver=SQLite3;Database=%s/no/such/folder/x.db" % tmp()), arguments[:1] + arguments[1:], "sqlite, no folder")
    check(not os.path.exists(tmp("no")), "a folder was made")

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    servers = [kind for kind in databases() if kind != "sqlite"]
    for kind, driver in (("postgresql", "PostgreSQL Unicode"), ("mariadb", "MariaDB Unicode")):
        if kind not in servers and kind == "mariadb":
            continue
        refused(Db("Driver=%s;Server=127.0.0.1;Port=%d;Database=hr;Uid=loader;Pwd=hushhush" % (driver, port)), arguments, kind + ", nobody listens", "hushhush")
    for kind in servers:
        db = newdb(kind)
        refused(Db(db.connect.replace("Database=" + db.path, "Database=no_such_database")), arguments, kind + ", no such database", db.parts["Pwd"])
        refused(Db(db.connect.replace("Pwd=" + db.parts["Pwd"], "Pwd=wrongone")), arguments, kind + ", wrong password", "wrongone")
    # A file that is no database.
    with open(tmp("text.db"), "w") as file:
        file.write("this is not a database, and longer than a header of SQLite would be: " + "x" * 4096)
    refused(Db("Driver=SQLite3;Database=" + tmp("text.db")), arguments, "sqlite, a file that is none")


main(test)
