"""Counts the round trips of loads through a proxy in front of the server.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import Db, check, databases, hr_data, hr_pipeline, main, newdb, run, skip, tmp
from pgproxy import Proxy

# Three steps with their claims, catalogs, keys, checkpoints and commits. A statement that a driver prepares by name takes four instead of one:
# a load was at 560 before they went out as they are.
AROUND = {"postgresql": 160, "mariadb": 200}
A_PIECE = {"postgresql": 6, "mariadb": 9}
ROWS, PIECE = 2000, 100


def turns(kind, *arguments):
    db = newdb(kind)
    run(hr_pipeline(tmp("made.yaml")), "--set", "data=" + hr_data(tmp("few"), 1, 5, "--missing-name", "0"), db=db)
    db.execute("delete from hired_employees", "delete from jobs", "delete from departments")
    proxy = Proxy(db.parts["Server"], db.parts["Port"], kind)
    run(*arguments, "--restart", db=Db(db.connect.replace("Port=" + db.parts["Port"], "Port=%d" % proxy.port)))
    check(db.count("hired_employees") > 0, "nothing was loaded")
    return proxy.turns


def test():
    servers = [kind for kind in databases() if kind != "sqlite"]
    if not servers:
        skip("no server")
    data = hr_data(tmp("data"), ROWS, 6, "--missing-name", "0")
    for kind in servers:
        once = turns(kind, hr_pipeline(tmp("load.yaml")), "--set", "data=" + data)
        pieces = turns(kind, hr_pipeline(tmp("load.yaml"), "{ rows: %d }" % PIECE), "--set", "data=" + data)
        more = (pieces - once) / (ROWS / PIECE - 1)
        print("%s: %d round trips around the rows of three steps, %.1f for a piece" % (kind, once, more))
        check(once <= AROUND[kind], "%s: %d round trips for a load, more than %d" % (kind, once, AROUND[kind]))
        check(more <= A_PIECE[kind], "%s: %.1f round trips for a piece, more than %d" % (kind, more, A_PIECE[kind]))


main(test)
