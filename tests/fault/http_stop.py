"""SIGTERM under load: whoever was accepted has an answer, the exit status is 0, and nobody is accepted afterwards.

SPDX-License-Identifier: Apache-2.0
"""
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from door import Door
from harness import check, databases, main, newdb, tmp, wait_until
from http_service import Service, read_answer

INGEST = "pipelines/ingest.yaml"
ROUNDS, CLIENTS = int(sys.argv[1]), 16
QUESTION = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Client(threading.Thread):
    """Asks on one connection after the other; counts what was asked and what was answered. Some ask for rows to be written, each its own."""

    def __init__(self, service, number):
        super().__init__()
        self.service, self.number, self.keep, self.writes = service, number, number % 2 == 0, number % 4 < 2
        self.answered = self.refused = self.lost = self.asked = 0
        self.acknowledged = set()

    def question(self):
        if not self.writes:
            return QUESTION
        self.asked += 1
        body = b'[[%d, "x"]]' % (self.number * 1000000 + self.asked)
        return (b"POST /v1/ingest/ingest/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)) + body

    def run(self):
        while True:
            try:
                connection = self.service.open(20)
            except OSError:
                return  # nobody listens any more
            with connection:
                while True:
                    try:
                        connection.sendall(self.question())
                        answer = read_answer(connection)
                    except OSError:
                        answer = None
                    if answer is None:
                        self.lost += 1
                        break
                    self.answered += answer.status == 200
                    self.refused += answer.status == 503
                    if self.writes and answer.status == 200:
                        self.acknowledged.add(self.number * 1000000 + self.asked)
                    if not self.keep or answer.headers.get("connection") == "close":
                        break


def under_load(kind, number):
    db = newdb(kind)
    service = Service([INGEST], "rates: { requests: 1000000, burst: 1000000 }\n", {"PENSTOCK_DB": db.connect}, name="serve-%s-%d" % (kind, number))
    clients = [Client(service, i) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    wait_until(lambda: sum(len(client.acknowledged) for client in clients) >= 20 and sum(client.answered for client in clients) >= 100, 60, "a load")
    # A body of which half is there: it is accepted, and answered when the rest has come.
    half = service.open(20)
    half.sendall(b"POST /v1/ingest/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n[]")
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM if number % 2 else signal.SIGINT)
    time.sleep(0.6)
    check(service.process.poll() is None, "it did not wait for a request under way")
    try:
        service.open(2).close()
        check(False, "a connection was accepted after the signal")
    except OSError:
        pass
    half.sendall(b"  ")
    answer = read_answer(half)
    check(answer is not None and answer.headers.get("connection") == "close", "the request under way was not answered")
    code = service.process.wait(60)
    for client in clients:
        client.join()
    done = [line for line in service.lines() if line.get("path") in ("/openapi.json", "/v1/ingest/ingest/jobs")]
    answered = sum(client.answered for client in clients)
    lost = sum(client.lost for client in clients)
    check(code == 0, "exit %d: %s" % (code, service.text()[-2000:]))
    # Connections that the kernel had taken and the service had not are reset: those are not accepted, and no line of the log is of them.
    check(len(done) == answered + sum(client.refused for client in clients), "%d requests were accepted, %d were answered (%d connections ended without)" %
          (len(done), answered, lost))
    # Whoever got no answer has written nothing: what is in the table is what was acknowledged.
    written = {int(row[0]) for row in db.query("select id from jobs")}
    acknowledged = set().union(*(client.acknowledged for client in clients))
    check(written == acknowledged, "written and not acknowledged: %r; acknowledged and not written: %r" %
          (sorted(written - acknowledged)[:5], sorted(acknowledged - written)[:5]))
    print("%s: %d answered, %d rows written and acknowledged, %d connections not accepted" % (kind, answered, len(written), lost))


def second_signal():
    service = Service([INGEST], "", {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("hr.db")}, name="second")
    half = service.open(20)
    half.sendall(b"POST /v1/ingest/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n[]")
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    begun = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    code = service.process.wait(30)
    check(code == 143, "a second signal: exit %d" % code)
    check(time.monotonic() - begun < 8, "a second signal took %.1f s" % (time.monotonic() - begun))
    half.close()


def silent_database(kind):
    """Sessions with a database that says nothing are not waited for by who sends a third signal."""
    db = newdb(kind)
    door = Door(db.parts["Server"], db.parts["Port"])
    service = Service([INGEST], "", {"PENSTOCK_DB": door.connect(db)}, name="silent_" + kind)
    check(service.post("/v1/ingest/ingest/jobs", [[1, "x"]]).status == 200, "rows")
    door.open.clear()
    begun = time.monotonic()
    while service.process.poll() is None and time.monotonic() - begun < 30:
        service.process.send_signal(signal.SIGTERM)
        time.sleep(1)
    code, took = service.process.poll(), time.monotonic() - begun
    door.open.set()
    check(code in (0, 143) and took < 10, "%s: exit %r after %.1f s" % (kind, code, took))
    print("%s: with a database that says nothing: exit %d after %.1f s" % (kind, code, took))


def run():
    for kind in databases():
        if kind != "sqlite":
            silent_database(kind)
    for kind in databases():
        for number in range(ROUNDS):
            under_load(kind, number)
    second_signal()


main(run)
