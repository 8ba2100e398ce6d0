"""SIGTERM under load: whoever was accepted has an answer, the exit status is 0, and nobody is accepted afterwards.

SPDX-License-Identifier: Apache-2.0
"""
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from harness import check, main, tmp
from http_service import Service, read_answer

INGEST = "pipelines/ingest.yaml"
ROUNDS, CLIENTS = int(sys.argv[1]), 16
QUESTION = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Client(threading.Thread):
    """Asks on one connection after the other; counts what was asked and what was answered."""

    def __init__(self, service, keep):
        super().__init__()
        self.service, self.keep = service, keep
        self.answered = self.refused = self.lost = 0

    def run(self):
        while True:
            try:
                connection = self.service.open(20)
            except OSError:
                return  # nobody listens any more
            with connection:
                while True:
                    try:
                        connection.sendall(QUESTION)
                        answer = read_answer(connection)
                    except OSError:
                        answer = None
                    if answer is None:
                        self.lost += 1
                        break
                    self.answered += answer.status == 200
                    self.refused += answer.status == 503
                    if not self.keep or answer.headers.get("connection") == "close":
                        break


def under_load(number):
    service = Service([INGEST], "rates: { requests: 1000000, burst: 1000000 }\n",
                      {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("hr.db")}, name="serve%d" % number)
    clients = [Client(service, i % 2 == 0) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(0.5)
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
    done = [line for line in service.lines() if line.get("path") == "/openapi.json"]
    answered = sum(client.answered for client in clients)
    lost = sum(client.lost for client in clients)
    check(code == 0, "exit %d: %s" % (code, service.text()[-2000:]))
    check(answered > 50, "no load: %d" % answered)
    # Connections that the kernel had taken and the service had not are reset: those are not accepted, and no line of the log is of them.
    check(len(done) == answered, "%d requests were accepted, %d were answered (%d connections ended without)" % (len(done), answered, lost))
    print("%d answered, %d connections not accepted" % (answered, lost))


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


def run():
    for number in range(ROUNDS):
        under_load(number)
    second_signal()


main(run)
