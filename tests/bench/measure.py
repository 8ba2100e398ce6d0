"""What the parts of the benchmark share: timing, how long a flush takes, commits of a PostgreSQL.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import re
import shutil
import statistics
import subprocess
import time


def timed(function, *arguments, **named):
    begin = time.monotonic()
    result = function(*arguments, **named)
    return time.monotonic() - begin, result


def flush_time(folder):
    """Median of 200 fdatasync after 4 KiB each, in milliseconds."""
    path = os.path.join(folder, "flush")
    out = []
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    for _ in range(200):
        os.write(fd, b"x" * 4096)
        begin = time.monotonic()
        os.fdatasync(fd)
        out.append(time.monotonic() - begin)
    os.close(fd)
    os.unlink(path)
    return 1000 * statistics.median(out)


def commits_between(server, first, last):
    """Transactions that wrote something and were committed, from the log of the server itself; None where the tool is missing."""
    tools = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_waldump"))
    tool = tools[-1] if tools else shutil.which("pg_waldump")
    if not tool:
        return None
    done = subprocess.run([tool, "-p", server.folder + "/data/pg_wal", "-s", first, "-e", last, "--rmgr=Transaction"], capture_output=True, text=True)
    return len(re.findall(r"desc: COMMIT ", done.stdout)) or None


def watch_settings(db, table):
    """The next statement that writes to this table of a PostgreSQL notes down the settings of its session."""
    names = "'synchronous_commit', 'fsync', 'full_page_writes', 'wal_level', 'session_replication_role'"
    db.execute("create table seen (name text, value text)",
               "create function look() returns trigger language plpgsql as $$ begin insert into seen select n, current_setting(n) "
               "from unnest(array[%s]) n; return null; end $$" % names,
               "create trigger look after insert on %s for each statement execute function look()" % table)


def settings_seen(db):
    return ", ".join("%s %s" % row for row in sorted(set(db.query("select name, value from seen"))))
