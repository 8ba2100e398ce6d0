"""Lets the world fail around a load: each run ends 0, having tried again, or 5 with the cause; after the rerun all is as if nothing had been.

usage: world.py ROWS POINTS
SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
import compare
import oracle
from harness import FULL, TOP, Db, Server, check, databases, equal, fail, hr_data, hr_pipeline, main, penstock, run, start, tmp, until_done, wait_until
from pgproxy import AFTER, BEFORE, Proxy

ROWS, POINTS = int(sys.argv[1]), int(sys.argv[2])
PIECE = max(100, ROWS // 5)
ENOUGH = 90  # seconds within which every run must end by itself
LEAST = 13  # ways to fail that each server must have been through
hits = []


class World:
    """One server of this test, and the load."""

    def __init__(self, kind, data, tables):
        self.kind, self.data, self.tables = kind, data, tables
        self.server = Server(tmp("server." + kind), kind)
        self.server.start()
        parts = self.server.newdb().parts
        self.port = parts["Port"]
        self.proxy = Proxy(parts["Server"], self.port, kind)

    def through(self, db):
        return Db(db.connect.replace("Port=" + self.port, "Port=%d" % self.proxy.port))

    def pipeline(self, commit=None, lock_timeout=None):
        path = hr_pipeline(tmp("%s.yaml" % self.kind), commit or "{ rows: %d }" % PIECE)
        if lock_timeout:
            with open(path) as file:
                text = file.read().replace('"${PENSTOCK_DB}" }', '"${PENSTOCK_DB}", lock_timeout: %s }' % lock_timeout)
            with open(path, "w") as file:
                file.write(text)
        return [path, "--set", "data=" + self.data]

    def load(self, what, arguments, db, through=True, codes=(0, 5), cause=()):
        """One disturbed run, and its rerun where it did not end well; gives its exit status and seconds."""
        begun = time.monotonic()
        done = penstock("run", *arguments, "--json", db=self.through(db) if through else db, timeout=ENOUGH)
        seconds = time.monotonic() - begun
        what = "%s, %s" % (self.kind, what)
        check(done.code in codes, "%s: wanted exit %s: %s" % (what, codes, done.tail()))
        if done.code:
            check("db" in done.err, "%s: the message names the connection: %s" % (what, done.err))
            check(not cause or any(word in done.err.lower() for word in cause), "%s: the message says why: %s" % (what, done.err))
        check(db.parts["Pwd"] not in done.err, what + ": the password stands in the messages")
        hits.append(what)
        print("%s: exit %d after %.1f s" % (what, done.code, seconds))
        return done

    def settle(self, what, arguments, db, done, through=False):
        if done.code:
            done = until_done(*arguments, db=self.through(db) if through else db)
        try:
            compare.finished(done, self.tables)
            compare.everything(db, self.tables)
        except Exception as bad:
            fail("%s, %s: %s" % (self.kind, what, bad))

    def session(self, db, *statements):
        """Somebody else's session, which stays open with what it holds."""
        process = subprocess.Popen(db.shell(), env=db.environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.say(process, *statements)
        return process

    @staticmethod
    def say(process, *statements):
        process.stdin.write("".join(statement + ";\n" for statement in statements).encode())
        process.stdin.flush()

    def waiting(self, db):
        """How many sessions wait for a lock."""
        if self.kind == "postgresql":
            return int(db.value("select count(*) from pg_locks where not granted"))
        return int(db.value("select count(*) from information_schema.innodb_lock_waits"))


def spread(total):
    return sorted({max(1, total * (at + 1) // (POINTS + 1)) for at in range(POINTS)})


def breaks(world):
    """Around commits and between them: the server is killed, or only the line is cut, or it goes dead without a word."""
    arguments = world.pipeline()
    db = world.server.newdb()
    world.proxy.arm(0, None)
    run(*arguments, db=world.through(db))
    compare.everything(db, world.tables, 1)
    commits, passed = world.proxy.commits, world.proxy.passed
    check(commits >= 5, "%s: the proxy saw only %d commits" % (world.kind, commits))

    def again():
        world.server.kill()
        world.server.start()

    for at in spread(commits):
        for how in (BEFORE, AFTER):
            what = "the server killed %s COMMIT %d" % (how, at)
            db = world.server.newdb()
            world.proxy.arm(at, how, meanwhile=again)
            done = world.load(what, arguments, db)
            check(world.proxy.broke, what + ": it did not come to that")
            world.settle(what, arguments, db, done)
    for at in spread(passed):
        for what, meanwhile, silent in (("the server killed after %d bytes" % at, again, False), ("cut after %d bytes" % at, None, False),
                                        ("black-holed after %d bytes" % at, None, True)):
            db = world.server.newdb()
            world.proxy.arm(0, None, bytes_up=at, meanwhile=meanwhile, silent=silent)
            done = world.load(what, arguments, db)
            check(world.proxy.broke, what + ": it did not come to that")
            world.settle(what, arguments, db, done)
    if FULL:
        what = "black-holed with the answer of COMMIT %d" % (commits // 2)
        db = world.server.newdb()
        world.proxy.arm(commits // 2, AFTER, silent=True)
        done = world.load(what, arguments, db)
        world.settle(what, arguments, db, done)
    what = "slow"
    db = world.server.newdb()
    world.proxy.arm(0, None, delay=0.004)
    done = world.load(what, arguments, db, codes=(0,))
    world.settle(what, arguments, db, done)


def stopped(world):
    """A clean shutdown in the middle; the server stays away, then comes back for the rerun."""
    arguments = world.pipeline()
    db = world.server.newdb()
    world.proxy.arm(5, BEFORE, refuse=True, meanwhile=world.server.stop)
    done = world.load("the server stopped and away", arguments, db, codes=(5,))
    world.server.start()
    world.settle("stopped", arguments, db, done)


TRIGGERS = {
    "postgresql": """create sequence tries;
        create function refuse() returns trigger language plpgsql as $$ begin
            if nextval('tries') <= {times} then raise exception 'not now' using errcode = '{state}'; end if; return new; end $$;
        create trigger refuse before insert on jobs for each row execute function refuse()""",
    # 1213 and 1205 are what the server itself says of a deadlock and of a lock that did not come.
    "mariadb": """create sequence tries nocache;
        delimiter //
        create trigger refuse before insert on jobs for each row begin
            if next value for tries <= {times} then signal sqlstate '40001' set message_text = 'not now', mysql_errno = 1213; end if;
        end//
        delimiter ;""",
}


def conflicts(world):
    """What may be tried again is tried again, a few times; forever, it is exit 5."""
    arguments = world.pipeline()
    ddl = penstock("schema", "ddl", os.environ["TOP"] + "/examples/hr/datapackage.yaml", "--dialect", world.kind).out
    states = ("40001", "40P01") if world.kind == "postgresql" else ("40001",)
    for state in states:
        for times, codes in ((2, (0,)), (1000000, (5,))):
            what = "SQLSTATE %s %d times" % (state, times)
            db = world.server.newdb()
            db.execute(ddl, TRIGGERS[world.kind].format(times=times, state=state))
            done = world.load(what, arguments, db, through=False, codes=codes, cause=("not now",))
            if done.code:
                tried = int(db.value("select last_value from tries" if world.kind == "postgresql" else "select next_not_cached_value from tries"))
                check(2 <= tried <= 100, "%s, %s: tried %d times" % (world.kind, what, tried))
                db.execute("drop trigger refuse on jobs" if world.kind == "postgresql" else "drop trigger refuse")
            world.settle(what, arguments, db, done)
            if state != "40001":
                break


def ids(world):
    return sorted(world.tables["hired_employees"].rows)


def prepared(world, arguments):
    """A database whose tables are there and empty, and which knows of no load."""
    db = world.server.newdb()
    db.execute(penstock("schema", "ddl", os.environ["TOP"] + "/examples/hr/datapackage.yaml", "--dialect", world.kind).out)
    return db


def insert(number):
    return "insert into departments (id, department) values (%d, 'somebody else''s')" % number


def deadlock(world):
    """A real one, whose victim the load is: the other holds a row it comes to later, and then wants one that it has written."""
    arguments = world.pipeline("step")
    db = prepared(world, arguments)
    numbers = sorted(world.tables["departments"].rows)
    others = ["begin"]
    if world.kind == "mariadb":
        # Who has changed less is the victim.
        db.execute("create table ballast (n int)")
        others.append("insert into ballast select seq from seq_1_to_50000")
    else:
        # Who looks first is the victim.
        others.append("set deadlock_timeout = '10min'")
    other = world.session(db, *others, insert(numbers[-1]))
    time.sleep(1)
    process = start("run", *arguments, "--json", db=db, stdout=tmp("stdout"), stderr=tmp("stderr"))
    # MariaDB shows what it saw the last time, to those who ask again within a tenth of a second.
    wait_until(lambda: world.waiting(db) > 0, 20, "the load waits for the row", pause=0.3)
    world.say(other, insert(numbers[0]))
    time.sleep(3)
    world.say(other, "rollback")
    code = process.wait(timeout=ENOUGH)
    other.stdin.close()
    other.wait()
    with open(tmp("stderr"), errors="replace") as file:
        said = file.read()
    equal(code, 0, "%s, deadlock: %s" % (world.kind, said))
    hits.append("deadlock")
    print("%s: deadlock: exit 0; %s" % (world.kind, said.strip()[-300:]))
    compare.rows(db, world.tables)
    compare.rejects(db, world.tables)


def locked(world):
    """Rows that another session holds longer than lock_timeout: exit 5 with the cause; shorter: waited for."""
    numbers = sorted(world.tables["departments"].rows)
    for seconds, codes in ((None, (5,)), (2, (0,))):
        arguments = world.pipeline(lock_timeout="1s" if seconds is None else "30s")
        db = prepared(world, arguments)
        other = world.session(db, "begin", insert(numbers[0]))
        time.sleep(0.5)
        if seconds:
            threading.Timer(seconds, world.say, (other, "rollback")).start()
        done = world.load("rows held by another session", arguments, db, through=False, codes=codes, cause=("lock",))
        if not seconds:
            world.say(other, "rollback")
        other.stdin.close()
        other.wait()
        world.settle("locked", arguments, db, done)


def readonly(world):
    """The server becomes a read-only one under the load: exit 5 with the cause."""
    arguments = world.pipeline()
    db = world.server.newdb()
    if world.kind == "mariadb":
        # Who may do everything may write always.
        db.execute("create user if not exists loader@'%' identified by 'load0r'", 'grant all on "%s".* to loader@\'%%\'' % db.path)
        loader = Db(db.connect.replace("Uid=" + db.parts["Uid"], "Uid=loader").replace("Pwd=" + db.parts["Pwd"], "Pwd=load0r"))
        begin, end = ["set global read_only = 1"], ["set global read_only = 0"]
    else:
        loader = db
        begin = ["alter database %s set default_transaction_read_only = on" % db.path,
                 "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'penstock%'"]
        end = ["begin; set transaction read write; alter database %s reset default_transaction_read_only; commit" % db.path]
    world.proxy.arm(5, BEFORE, meanwhile=lambda: db.execute(*begin))
    done = world.load("a failover to a read-only server", arguments, loader, codes=(5,), cause=("read-only", "read_only", "read only"))
    db.execute(*end)
    world.settle("read-only", arguments, db, done)


def defaults(world):
    """What a server of MariaDB is told for all sessions, such as to cut results, changes nothing for ours."""
    arguments, out = world.pipeline(), tmp("read.csv")
    db = world.server.newdb()
    with open(tmp("read.yaml"), "w") as file:
        file.write("version: 1\nname: read\ndictionary: %s/examples/hr/datapackage.yaml\nconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\n"
                   "source: { type: odbc, connection: db, query: \"select id, department from departments\" }\nrules: { table: departments }\n"
                   "sink: { type: csv, path: %s }\n" % (TOP, out))
    settings = {"sql_select_limit": ("7", "18446744073709551615"), "sql_safe_updates": ("1", "0"), "completion_type": ("'CHAIN'", "'NO_CHAIN'"),
                "max_statement_time": ("0.5", "0"), "default_storage_engine": ("'MyISAM'", "'InnoDB'")}
    db.execute("set global " + ", global ".join("%s = %s" % (name, value[0]) for name, value in settings.items()))
    try:
        done = world.load("a server with other defaults", arguments, db, through=False, codes=(0,))
        run(tmp("read.yaml"), db=db)
    finally:
        db.execute("set global " + ", global ".join("%s = %s" % (name, value[1]) for name, value in settings.items()))
    world.settle("defaults", arguments, db, done)
    with open(out) as file:
        equal(len(file.readlines()) - 1, db.count("departments"), "rows that a query gave")


def test():
    data = hr_data(tmp("data"), ROWS, 11)
    tables = oracle.folder(data)
    for kind in databases():
        if kind == "sqlite":
            continue
        world = World(kind, data, tables)
        try:
            for scene in (breaks, stopped, conflicts, deadlock, locked, readonly):
                scene(world)
            if kind == "mariadb":
                defaults(world)
        finally:
            world.server.stop()
        print("%s: %d ways in which the world failed" % (kind, len(hits)))
        check(len(hits) >= LEAST, "%s: %d wanted" % (kind, LEAST))


main(test)
