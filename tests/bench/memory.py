"""The benchmark's memory: the peak of resident memory of penstock on every path.

SPDX-License-Identifier: Apache-2.0
"""
import shutil

from harness import TOP, dropdb, newdb, peak, tmp
from sides import LAST, ddl, pipeline, say

BOUND = 64


def line(what, *arguments, **named):
    done, mebibytes = peak(*arguments, **named)
    say("  %-64s %5.1f MiB (at most %d)" % (what, mebibytes, BOUND))
    return done


def memory(works, servers):
    csv, avro = ("--set", "data=" + works.data), tmp("backups.memory")
    line("--dry-run", pipeline("dry"), *csv, "--dry-run", db=newdb("sqlite"))
    for kind in ["sqlite"] + list(servers):
        if not ddl(kind):
            continue
        folder = None if kind == "sqlite" else servers[kind].folder

        def alone(*arguments):
            """In a database that is gone afterwards: ten million rows are some gigabytes each time."""
            db = newdb(kind, folder)
            line(*arguments, db=db)
            dropdb(db, folder)

        shutil.rmtree(avro, ignore_errors=True)
        db = newdb(kind, folder)
        line("CSV -> %s, table made by the step" % kind, pipeline("memory"), *csv, db=db)
        line("%s -> Avro" % kind, TOP + "/pipelines/backup.yaml", "--set", "folder=" + avro, db=db)
        # The same rows once more: each is a duplicate, so that look-ups and rejects are measured as well.
        line("CSV -> %s, every row there already" % kind, pipeline("memory"), *csv, "--restart", "--step", LAST, db=db)
        dropdb(db, folder)
        alone("Avro -> %s, table made by the step" % kind, pipeline("memory-avro", "avro"), "--set", "data=" + avro)
        alone("restore into %s, in one transaction" % kind, TOP + "/pipelines/restore.yaml", "--set", "folder=" + avro)
        for way in {"sqlite": ("values",), "postgresql": ("unnest", "values"), "mariadb": ("values",)}[kind]:
            alone("CSV -> %s, bulk: %s" % (kind, way), pipeline("memory-" + way, sink=", bulk: " + way), *csv)
