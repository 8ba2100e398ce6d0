"""usage: summary_error.py

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import check, equal, main, newdb, penstock, run, tmp

MIGRATE = "pipelines/migrate.yaml"


def failing(code, kind, place, words, *arguments, db):
    done = run(*arguments, code=code, db=db)
    error = done.json["error"]
    equal(error["code"], done.code, "code of %s" % (arguments,))
    check(kind in (None, error["kind"]), "kind of %s: %r" % (arguments, error))
    check(place in error["place"] and words in error["message"], "error of %s: %r" % (arguments, error))
    check(words in done.err, "what the summary says is not on standard error: " + done.tail())
    equal(set(error) - {"code", "kind", "place", "message", "sqlstate"}, set(), "members")
    return done


def test():
    db = newdb("sqlite")
    check("error" not in run(MIGRATE, db=db).json, "a run that succeeded has an error")
    failing(2, "config", "", "NAME=VALUE", MIGRATE, "--set", "data", db=db)
    failing(2, "config", "", "dta", MIGRATE, "--set", "dta=x", db=db)
    failing(2, "config", "", "--restart", MIGRATE, "--restart", "--dry-run", db=db)
    failing(2, "config", "migrate.yaml", "no step", MIGRATE, "--step", "jbos", db=db)
    with open(tmp("wrong.yaml"), "w") as file:
        file.write("version: 1\nname: w\nstepps: []\n")
    error = failing(2, "config", "wrong.yaml:1:1", "no steps", tmp("wrong.yaml"), db=db).json["error"]
    check("wrong.yaml:" not in error["message"], "the place stands in the message, too: %r" % error)
    # What is no YAML at all has its place apart, too.
    with open(tmp("broken.yaml"), "w") as file:
        file.write("version: 1\nname: %\n")
    error = failing(2, "config", "broken.yaml:2:7", "found character", tmp("broken.yaml"), db=db).json["error"]
    check("broken.yaml:" not in error["message"], "the place stands in the message, too: %r" % error)
    failing(2, "config", "absent.yaml", "cannot be opened", tmp("absent.yaml"), db=db)
    # No UTF-8.
    data = os.fsencode(tmp("data")) + b"\xe9"
    os.mkdir(data)
    failing((2, 4), None, "", "", MIGRATE, "--set", "data=" + os.fsdecode(data), db=db)
    done = failing(4, "source", "", "", MIGRATE, "--set", "data=" + tmp("nothing"), db=db)
    shown = penstock("runs", "show", done.json["run_id"], db=db)
    check("ended by: " in shown.out and done.json["error"]["message"] in shown.out, shown.out)
    equal(json.loads(db.value("select summary from penstock_runs where run_id = '%s'" % done.json["run_id"]))["error"], done.json["error"], "in the history")
    print("every failure has its error")


main(test)
