"""What Python tests share: databases through their own tools, running penstock, checking its books, small servers.

Nothing in here knows penstock's code: SQLite is read with Python's sqlite3, PostgreSQL with psql, MariaDB with its shell.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import decimal
import html
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.environ.get("TOP") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PENSTOCK = os.environ.get("PENSTOCK") or os.path.join(TOP, "build/penstock")
FULL = bool(os.environ.get("PENSTOCK_TEST_FULL"))
SKIP_REASONS = ("already_loaded", "already_committed", "rolled_back", "dry_run", "blank", "limit", "filtered", "already_resolved", "repeated",
                "no_such_reject", "unpublished", "masked", "source_gone")
# The ways of writing many rows at a time (`bulk:`), the best of a database first.
BULK = {"sqlite": ("virtual", "values"), "postgresql": ("copy", "unnest", "values"), "mariadb": ("array", "values")}
STATUSES = ("running", "succeeded", "failed", "rejected", "cancelled", "interrupted")


class Failed(Exception):
    """A test found what should not be."""


def fail(text):
    raise Failed(text)


def check(condition, text):
    if not condition:
        raise Failed(text)


def equal(got, wanted, what):
    if got != wanted:
        raise Failed("%s: wanted %r, got %r" % (what, wanted, got))


def skip(reason):
    print("skipped: " + reason)
    sys.stdout.flush()
    os._exit(77)


def main(function):
    """Runs a test's main function and turns what it found into an exit status."""
    sys.stdout.reconfigure(line_buffering=True)
    try:
        function()
    except Failed as bad:
        sys.stdout.flush()
        print("FAIL: %s" % bad, file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


_temporary = None


def tmp(name=None):
    """The test's own folder, or a path in it."""
    global _temporary
    if _temporary is None:
        _temporary = os.environ.get("TESTTMP")
        if not _temporary:
            _temporary = tempfile.mkdtemp(prefix="penstock-test.")
            os.chmod(_temporary, 0o711)
    return os.path.join(_temporary, name) if name else _temporary


# --- databases ------------------------------------------------------------------------------------
class Session:
    """One shell of the database that answers many questions: a new one for each would take most of a test's time."""

    def __init__(self, db):
        self.db, self.process, self.lock = db, None, threading.Lock()

    def ask(self, statement):
        with self.lock:
            for last in (False, True):
                fresh = self.process is None
                if fresh:
                    self.process = subprocess.Popen(self.db.shell(), env=self.db.environment(), stdin=subprocess.PIPE,
                                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                text = self.exchange(statement)
                if text is not None:
                    return text
                words = self.rest
                self.process = None
                # The server may have died since the last question; a new session tells that from a wrong one.
                if fresh or last:
                    raise Failed("%s: %s\n%s" % (self.db.kind, statement, words))

    def exchange(self, statement):
        mark = "end-%s" % os.urandom(12).hex()
        ask, end = ("%s\n\\echo %s\n", mark) if self.db.kind == "postgresql" else ("%s;\nselect '%s' as mark;\n", '<field name="mark">%s</field>' % mark)
        out = []
        try:
            self.process.stdin.write((ask % (statement, mark)).encode())
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.strip() == end.encode():
                    return b"".join(out).decode()
                out.append(line)
        except OSError:
            pass
        self.rest = b"".join(out).decode(errors="replace")
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.wait()
        return None

    def close(self):
        """Lets go of the connection, for tests that drop a database or count who is connected."""
        with self.lock:
            if self.process:
                self.process.stdin.close()
                self.process.stdout.close()
                self.process.wait()
                self.process = None


class Db:
    """A database given by its ODBC connection string, read and prepared with other tools than penstock."""

    def __init__(self, connect):
        self.connect = connect
        self.parts = dict(part.split("=", 1) for part in connect.split(";") if "=" in part)
        driver = self.parts["Driver"].lower()
        self.kind = "sqlite" if "sqlite" in driver else "mariadb" if "mariadb" in driver else "postgresql"
        self.path = self.parts["Database"]
        self.session = Session(self) if self.kind != "sqlite" else None

    def __str__(self):
        return self.kind

    def exists(self):
        return self.kind != "sqlite" or os.path.exists(self.path)

    def environment(self):
        return dict(os.environ, PGPASSWORD=self.parts.get("Pwd", ""), PGCONNECT_TIMEOUT="20", MYSQL_PWD=self.parts.get("Pwd", ""))

    def shell(self):
        """The command that reads statements from standard input, and stops at the first wrong one."""
        return self.psql("-f", "-") if self.kind == "postgresql" else self.mariadb("--unbuffered")

    def mariadb(self, *arguments):
        """The shell of MariaDB, as near to standard SQL as it gets; its rows as XML, since that alone tells null from the word."""
        parts = self.parts
        return ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", "--xml", "--binary-as-hex", "--connect-timeout=20",
                "--init-command=set sql_mode='ansi_quotes,pipes_as_concat,strict_all_tables', time_zone='+00:00'",
                "-h", parts["Server"], "-P", parts["Port"], "-u", parts["Uid"], "-D", parts["Database"], *arguments]

    def psql(self, *arguments):
        parts = self.parts
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", parts["Server"], "-p", parts["Port"], "-U", parts["Uid"],
                "-d", parts["Database"], *arguments]

    def query(self, sql):
        """Rows as tuples of text or None."""
        if self.kind == "sqlite":
            connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            try:
                return [tuple(_text(value) for value in row) for row in connection.execute(sql)]
            finally:
                connection.close()
        if self.kind == "mariadb":
            return parse_xml(self.session.ask(sql))
        # COPY tells null (nothing) from the empty text ("") and quotes what needs it.
        return parse_copy(self.session.ask("copy (%s) to stdout with (format csv, force_quote *);" % sql))

    def value(self, sql):
        rows = self.query(sql)
        return rows[0][0] if rows else None

    def execute(self, *statements):
        if self.kind == "sqlite":
            connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            try:
                for statement in statements:
                    connection.executescript(statement)
            finally:
                connection.close()
            return
        for statement in statements:
            command = self.psql("-c", statement) if self.kind == "postgresql" else self.mariadb()
            done = subprocess.run(command, env=self.environment(), input=b"" if self.kind == "postgresql" else statement.encode(),
                                  capture_output=True)
            if done.returncode:
                raise Failed(self.kind + ": %s\n%s" % (statement, done.stderr.decode(errors="replace")))

    def tables(self):
        if not self.exists():
            return []
        if self.kind == "sqlite":
            sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        else:
            sql = "select table_name from information_schema.tables where table_schema = %s" % (
                "database()" if self.kind == "mariadb" else "current_schema()")
        return sorted(row[0] for row in self.query(sql))

    def count(self, table, where="1 = 1"):
        """Rows of a table; 0 where it does not exist."""
        if table not in self.tables():
            return 0
        return int(self.value('select count(*) from "%s" where %s' % (table, where)))


def _text(value):
    if value is None:
        return None
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, float):
        return repr(value)
    return str(value)


def parse_copy(text):
    """The CSV of COPY with force_quote: an empty cell without quotes is null."""
    rows, row, at, end = [], [], 0, len(text)
    while at < end:
        if text[at] == '"':
            cell, at = [], at + 1
            while True:
                stop = text.index('"', at)
                cell.append(text[at:stop])
                at = stop + 1
                if at < end and text[at] == '"':
                    cell.append('"')
                    at += 1
                else:
                    break
            row.append("".join(cell))
        else:
            row.append(None)
        if at >= end:
            rows.append(tuple(row))
            break
        if text[at] == ",":
            at += 1
            if at >= end or text[at] == "\n":
                row.append(None)
                rows.append(tuple(row))
                row, at = [], at + 1
        elif text[at] == "\n":
            rows.append(tuple(row))
            row, at = [], at + 1
        else:
            raise Failed("psql's CSV is not as expected near %r" % text[at:at + 40])
    return rows


def parse_xml(text):
    """The rows of `mariadb --xml`. Not by an XML parser: control characters stand in it as they are."""
    rows = []
    for row in re.findall(r"<row>(.*?)</row>", text, re.S):
        fields = re.findall(r'<field name="[^"]*"(?:( xsi:nil="true") />|>(.*?)</field>)', row, re.S)
        rows.append(tuple(None if null else html.unescape(cell) for null, cell in fields))
    return rows


_counter = [0]


def shell(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise Failed("%s: %s" % (" ".join(words), done.stderr.decode(errors="replace")))
    return done.stdout.decode()


class Server:
    """A server of this test alone, which it may hurt."""

    def __init__(self, folder, kind="postgresql"):
        self.folder, self.kind = folder, kind
        self.script = server_script(kind)

    def start(self, preload=None, environment=None):
        env = dict(os.environ, **(environment or {}))
        if preload:
            env["LD_PRELOAD"] = preload
        # Into a file: the server outlives its starter, and a pipe would never end.
        with open(tmp("server.err"), "w+b") as err:
            done = subprocess.run(["sh", self.script, "start", self.folder], env=env, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
            if done.returncode:
                err.seek(0)
                raise Failed("%s does not start: %s" % (self.kind, err.read().decode(errors="replace")))

    def kill(self):
        shell("sh", self.script, "kill", self.folder)

    def stop(self):
        subprocess.run(["sh", self.script, "stop", self.folder], stdin=subprocess.DEVNULL, capture_output=True)

    def newdb(self):
        return newdb(self.kind, self.folder)


def server_script(kind):
    return os.path.join(TOP, "tests/support", {"postgresql": "postgres.sh", "mariadb": "mariadb.sh"}[kind])


def newdb(kind, server=None):
    """An empty database (SQLite: a file that does not exist yet)."""
    _counter[0] += 1
    if kind == "sqlite":
        return Db("Driver=SQLite3;Database=%s" % tmp("db%d.sqlite" % _counter[0]))
    server = server or os.environ.get("PENSTOCK_TEST_PG_DIR" if kind == "postgresql" else "PENSTOCK_TEST_MARIADB_DIR")
    script = server_script(kind)
    name = "t_%d_%d_%s" % (os.getpid(), _counter[0], os.urandom(3).hex())
    if kind == "postgresql":
        shell("sh", script, "psql", server, "postgres", "-c", "create database " + name)
    else:
        shell("sh", script, "sql", server, "mysql", "-e", "create database " + name)
    return Db(shell("sh", script, "connect", server, name).strip())


def dropdb(db, server=None):
    """Takes away a database of newdb (server: the one it is on): for tests that make so many, or such large ones, that they would fill a disk."""
    if db.kind == "sqlite":
        for suffix in ("", "-journal", "-wal", "-shm", "-penstock.lock"):
            if os.path.exists(db.path + suffix):
                os.unlink(db.path + suffix)
        return
    db.session.close()
    server = server or os.environ["PENSTOCK_TEST_PG_DIR" if db.kind == "postgresql" else "PENSTOCK_TEST_MARIADB_DIR"]
    if db.kind == "postgresql":
        # Sessions of processes that were killed may still be there.
        shell("sh", server_script(db.kind), "psql", server, "postgres", "-c", "drop database %s with (force)" % db.path)
    else:
        shell("sh", server_script(db.kind), "sql", server, "mysql", "-e", "drop database " + db.path)


def databases():
    servers = (("postgresql", "PENSTOCK_TEST_PG_DIR"), ("mariadb", "PENSTOCK_TEST_MARIADB_DIR"))
    chosen = os.environ.get("PENSTOCK_TEST_DATABASES")
    return [kind for kind in ["sqlite"] + [kind for kind, folder in servers if os.environ.get(folder)] if not chosen or kind in chosen.split()]


# --- running penstock -----------------------------------------------------------------------------
class Done:
    def __init__(self, code, out, err, arguments):
        self.code, self.out, self.err, self.arguments = code, out, err, arguments

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise Failed("%s: stdout is not one JSON document: %r\nstderr: %s" % (self.arguments, self.out[:400], self.err[-2000:]))

    def tail(self):
        return "exit %s\nstdout: %s\nstderr: %s" % (self.code, self.out[-1500:], self.err[-3000:])


def environment(db=None, extra=None, preload=None):
    env = dict(os.environ)
    env.pop("PENSTOCK_DB", None)
    if db is not None:
        env["PENSTOCK_DB"] = db.connect
    if preload:
        env["LD_PRELOAD"] = preload
    env.update(extra or {})
    return env


def penstock(*arguments, db=None, cwd=None, env=None, preload=None, program=None, timeout=3600, wrap=()):
    command = [*wrap, program or PENSTOCK, *arguments]
    try:
        done = subprocess.run(command, cwd=cwd or TOP, env=environment(db, env, preload), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failed("no end after %d s: %s" % (timeout, " ".join(command)))
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    result = Done(code, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), " ".join(arguments))
    if code == 99 or "ERROR: AddressSanitizer" in result.err or "runtime error:" in result.err:
        raise Failed("a sanitizer found something in: %s\n%s" % (result.arguments, result.err[-4000:]))
    return result


def start(*arguments, db=None, cwd=None, env=None, preload=None, stdout=None, stderr=None):
    """Starts penstock beside the test; its output goes into files."""
    with open(stdout or os.devnull, "wb") as out, open(stderr or os.devnull, "wb") as err:
        return subprocess.Popen([PENSTOCK, *arguments], cwd=cwd or TOP, env=environment(db, env, preload), stdin=subprocess.DEVNULL,
                                stdout=out, stderr=err)


def run(*arguments, code=0, **named):
    """`penstock run ... --json`; checks exit status and books; gives the Done."""
    done = penstock("run", *arguments, "--json", **named)
    codes = code if isinstance(code, (tuple, list)) else (code,)
    if done.code not in codes:
        raise Failed("run %s: wanted exit %s, got %s" % (" ".join(arguments), code, done.tail()))
    if done.out.strip():
        books(done.json, done.code)
    return done


def books(summary, code):
    """The summary of --json keeps the contract's promise: read = written + rejected + skipped, in sum and step by step."""
    equal(summary["exit_code"], code, "exit_code in --json")
    check(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", summary["run_id"]), "run_id is not a UUIDv7")
    check(summary["status"] in STATUSES, "status %r" % summary["status"])
    for part in [summary] + summary["steps"]:
        where = part.get("name", "the run")
        equal(part["written"] + part["rejected"] + part["skipped"], part["read"], "books of %s" % where)
        equal(sum(part["skipped_by_reason"].values()), part["skipped"], "skipped_by_reason of %s" % where)
        check(set(part["skipped_by_reason"]) <= set(SKIP_REASONS), "skip reasons of %s: %s" % (where, sorted(part["skipped_by_reason"])))
    for key in ("read", "written", "rejected", "skipped"):
        equal(sum(step[key] for step in summary["steps"]), summary[key], "%s in sum" % key)
    for step in summary["steps"]:
        equal(sum(step["rejects_by_rule"].values()), step["rejected"], "rejects_by_rule of %s" % step["name"])
        check(step["status"] in STATUSES, "status of %s: %r" % (step["name"], step["status"]))
        check(step["bytes_read"] >= 0 and step["duration_s"] >= 0, "bytes_read and duration_s of %s" % step["name"])


def step_of(summary, name):
    for step in summary["steps"]:
        if step["name"] == name:
            return step
    raise Failed("no step %s in --json" % name)


def skipped(step):
    """skipped_by_reason without zeros."""
    return {reason: number for reason, number in step["skipped_by_reason"].items() if number}


# --- the shims ------------------------------------------------------------------------------------
def build_shim(name):
    """Compiles tests/support/NAME.c into a library for LD_PRELOAD."""
    out = tmp(name + ".so")
    if not os.path.exists(out):
        compiler = os.environ.get("CC", "cc")
        if not shutil.which(compiler.split()[0]):
            skip("no C compiler for the shim")
        shell(*compiler.split(), "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", out,
              os.path.join(TOP, "tests/support", name + ".c"), "-ldl", "-lpthread")
    return out


def peak(*arguments, **named):
    """(Done, peak resident memory in MiB) of a run."""
    out = tmp("rss.out")
    wrap = [sys.executable, "-S", os.path.join(TOP, "tests/support/rss.py"), out]
    done = run(*arguments, wrap=wrap, **named)
    with open(out) as file:
        return done, int(file.read()) / 1024


def last_line(path):
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        lines = file.read().splitlines()
    return lines[-1] if lines else ""


def interrupt(db, arguments, part=0.5, environment=None):
    """A load that dies (SIGKILL) after this part of its write-like calls; a run of the same kind on a scratch database counts them."""
    shim = build_shim("shim_die")
    log = tmp("interrupt.log")
    if os.path.exists(log):
        os.unlink(log)
    scratch = newdb(db.kind)
    run(*arguments, db=scratch, env=dict(environment or {}, SHIM_DIE_LOG=log), preload=shim)
    total = int(last_line(log).split()[1])
    done = penstock("run", *arguments, db=db, env=dict(environment or {}, SHIM_DIE_AT=str(max(1, int(total * part))), SHIM_DIE_LOG=log), preload=shim)
    equal(done.code, 137, "the load was to be interrupted: " + done.tail())
    return total


def until_done(*arguments, db, code=0, **named):
    """A run; PostgreSQL may need a moment to notice that the holder of a lock is dead."""
    for _ in range(100):
        done = penstock("run", *arguments, "--json", db=db, **named)
        if done.code != 7 or db.kind == "sqlite":
            break
        time.sleep(0.1)
    equal(done.code, code, "exit of the run after: " + done.tail())
    if done.out.strip():
        books(done.json, done.code)
    return done


# --- pipelines ------------------------------------------------------------------------------------
def hr_pipeline(path, commit=None, name="load", limits=None, max_rejects=None, mode="append", extra="", bulk=None):
    """Writes a pipeline file that loads the three hr tables from ${params.data}; commit, bulk: texts of the sink's options."""
    lines = ["version: 1", "name: " + name, "dictionary: %s/examples/hr/datapackage.yaml" % TOP,
             "params:", "  data: { default: none, description: folder }",
             "connections:", '  db: { type: odbc, connect: "${PENSTOCK_DB}" }', "state: db"]
    if limits:
        lines.append("limits: " + limits)
    if extra:
        lines.append(extra)
    lines.append("steps:")
    for table in ("departments", "jobs", "hired_employees"):
        rules = "table: " + table
        if max_rejects and table == "hired_employees":
            rules += ", max_rejects: %s" % max_rejects
        lines += ["  - name: " + table,
                  '    source: { type: csv, path: "${params.data}/%s.csv", header: false }' % table,
                  "    rules: { %s }" % rules,
                  "    sink: { type: odbc, connection: db, table: %s, mode: %s, create: true%s%s }" %
                  (table, mode, ", commit: " + commit if commit else "", ", bulk: " + bulk if bulk else "")]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def hr_data(folder, rows, seed=1, *options):
    """CSV files of the hr example from its generator; 1% of the rows faulty unless options say otherwise."""
    options = options or ("--missing-name", "0.2%", "--bad-datetime", "0.2%", "--duplicate-id", "0.2%",
                          "--unknown-job", "0.2%", "--missing-department", "0.2%", "--quoted", "1%")
    shell("sh", os.path.join(TOP, "examples/hr/generate.sh"), "--out", folder, "--rows", str(rows), "--seed", str(seed), *options)
    return folder


# --- values in one form ---------------------------------------------------------------------------
def number(text):
    """1.50, 1.5 and 15E-1 are one number."""
    if text is None:
        return None
    value = decimal.Decimal(text)
    if value == 0:
        return "0"
    # Python's own context would round at 28 digits.
    return format(value.normalize(decimal.Context(prec=1000)), "f")


def fraction(text):
    """A datetime or time without zeros at the end of its fraction."""
    if text is None:
        return None
    return re.sub(r"(\.\d*?)0+(Z?)$", lambda m: (m.group(1) if m.group(1) != "." else "") + m.group(2), text)


def wait_until(condition, seconds, what, pause=0.01):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed("waited %d s in vain: %s" % (seconds, what))
        time.sleep(pause)


def kill(process, number=signal.SIGKILL):
    """Sends a signal to a process that this test started; False when it had ended by then."""
    if process.poll() is not None:
        return False
    process.send_signal(number)
    return True


def csv_rows(path):
    with io.open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
