"""The benchmark's memory: the peak of resident memory of penstock on every path.

SPDX-License-Identifier: Apache-2.0
"""
import shutil

from harness import TOP, newdb, peak, tmp
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
        made = (lambda: newdb("sqlite")) if kind == "sqlite" else servers[kind].newdb
        shutil.rmtree(avro, ignore_errors=True)
        db = made()
        line("CSV -> %s, table made by the step" % kind, pipeline("memory"), *csv, db=db)
        line("%s -> Avro" % kind, TOP + "/pipelines/backup.yaml", "--set", "folder=" + avro, db=db)
        # The same rows once more: each is a duplicate, so that look-ups and rejects are measured as well.
        line("CSV -> %s, every row there already" % kind, pipeline("memory"), *csv, "--restart", "--step", LAST, db=db)
        line("Avro -> %s, table made by the step" % kind, pipeline("memory-avro", "avro"), "--set", "data=" + avro, db=made())
        line("restore into %s, in one transaction" % kind, TOP + "/pipelines/restore.yaml", "--set", "folder=" + avro, db=made())
        for way in {"sqlite": ("values",), "postgresql": ("unnest", "values"), "mariadb": ("values",)}[kind]:
            line("CSV -> %s, bulk: %s" % (kind, way), pipeline("memory-" + way, sink=", bulk: " + way), *csv, db=made())
