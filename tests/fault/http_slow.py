"""Clients that are slow, idle, or gone: each is refused or dropped in time, and good requests are answered within a second beside them.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import gzip
import os
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from harness import check, equal, main, tmp
from http_service import Service, read_answer

INGEST = "pipelines/ingest.yaml"
IDLE = int(sys.argv[1])


def head(service, extra=""):
    return ("POST /v1/ingest/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n" % extra).encode()


def dribble(service, begin, data, every, timeout):
    """Sends a byte at a time until the other side ends it; gives the answer and how long that took."""
    begun = time.monotonic()
    with service.open(timeout) as connection:
        connection.sendall(begin)
        connection.settimeout(0.01)
        at = 0
        answer = None
        while time.monotonic() - begun < timeout:
            try:
                connection.sendall(data[at:at + 1] or b"x")
                at += 1
            except OSError:
                break
            try:
                peeked = connection.recv(1, socket.MSG_PEEK)
                if peeked:
                    connection.settimeout(5)
                    answer = read_answer(connection)
                break
            except socket.timeout:
                pass
            except OSError:
                break
            time.sleep(every)
    return answer, time.monotonic() - begun


def slow(service):
    answer, took = dribble(service, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"a" * 10000, 0.1, 20)
    check(took < 10, "a slow head was borne for %.1f s" % took)
    check(answer is not None and answer.status == 408, "a slow head: %r" % (answer and answer.status))
    service.good()
    answer, took = dribble(service, head(service, "Content-Length: 10000\r\n"), b" " * 10000, 0.1, 20)
    check(took < 10, "a slow body was borne for %.1f s" % took)
    check(answer is not None and answer.status == 408, "a slow body: %r" % (answer and answer.status))
    # Fast enough for each piece, too slow for the whole.
    begun = time.monotonic()
    with service.open(30) as connection:
        connection.sendall(head(service, "Content-Length: 1000000\r\n"))
        connection.settimeout(0.05)
        answer = None
        while time.monotonic() - begun < 20 and answer is None:
            try:
                connection.sendall(b" " * 16384)
            except OSError:
                break
            time.sleep(0.4)
            try:
                if connection.recv(1, socket.MSG_PEEK):
                    connection.settimeout(5)
                    answer = read_answer(connection)
            except socket.timeout:
                pass
            except OSError:
                break
        took = time.monotonic() - begun
    check(took < 12, "a body was borne for %.1f s" % took)
    check(answer is not None and answer.status == 408, "a body beyond its deadline: %r" % (answer and answer.status))
    # A body that is announced and never comes.
    begun = time.monotonic()
    answer = service.raw(head(service, "Content-Length: 100\r\n"))
    check(answer.status == 408 and time.monotonic() - begun < 10, "a body that never comes: %d" % answer.status)


def raise_limit(spare):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, IDLE + spare)), hard))


def idle(service):
    raise_limit(200)
    idlers = [service.open() for _ in range(IDLE)]
    for i, connection in enumerate(idlers):
        if i % 3 == 1:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        elif i % 3 == 2:
            connection.sendall(head(service, "Content-Length: 100\r\n") + b"[")
    worst = max(service.good() for _ in range(20))
    print("%d idle connections: the slowest good request took %.3f s" % (IDLE, worst))
    time.sleep(6)
    closed = 0
    for connection in idlers:
        connection.settimeout(5)
        try:
            while connection.recv(4096):
                pass
            closed += 1
        except ConnectionResetError:
            closed += 1
        except socket.timeout:
            pass
        connection.close()
    equal(closed, IDLE, "idle connections that were closed")
    service.good()


def hostile(service):
    """(what, bytes, statuses) of requests that mean no good; each ends its connection."""
    deep = b"[" * 100000
    evil = head(service, "").replace(b"Host: localhost", b"Host: attacker.example")
    return [
        ("less than announced", head(service, "Content-Length: 100\r\n") + b"[[1]]", (400, 408)),
        ("more than announced", head(service, "Content-Length: 2\r\nConnection: close\r\n") + b"[[1, 2]]" * 100, (400, 422)),
        ("a length and chunks", head(service, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n", (400,)),
        ("gzip", head(service, "Content-Length: 30\r\nContent-Encoding: gzip\r\n") + gzip.compress(b"[]")[:30].ljust(30), (415,)),
        ("10^5 deep", head(service, "Content-Length: 100000\r\nConnection: close\r\n") + deep, (400,)),
        ("a foreign Host", evil, (403,)),
        ("a foreign Origin", head(service, "Origin: http://attacker.example\r\n"), (403,)),
        ("a head of 64 KiB", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 65536, (400,)),
        ("16 MiB announced", head(service, "Content-Length: 16777217\r\n"), (413,)),
    ]


def at_once(service):
    """All of it together, and rows are still taken within a second."""
    raise_limit(400)
    hanging = [service.open() for _ in range(IDLE)]
    for i, connection in enumerate(hanging):
        connection.sendall((b"", b"POST /v1/ingest/ing", head(service, "Content-Length: 100\r\n") + b"[")[i % 3])
    deaf = deaf_readers(service, 20)
    ending, seen = threading.Event(), {}

    def attack(number):
        while not ending.is_set():
            for what, data, statuses in hostile(service)[number::3]:
                try:
                    with service.open(10) as connection:
                        connection.sendall(data)
                        answer = read_answer(connection)
                except OSError:
                    answer = None
                # Where bytes are left unread the answer may be lost with the connection.
                check(answer is None or answer.status in statuses, "%s: %r" % (what, answer and answer.status))
                if answer:
                    seen[what] = answer.status

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        attackers = [pool.submit(attack, number) for number in range(3)]
        took = []
        for i in range(60):
            begun = time.monotonic()
            answer = service.post("/v1/ingest/ingest/jobs", [[1000 * IDLE + i, "good"]])
            took.append(time.monotonic() - begun)
            equal(answer.status, 200, "a good row among all that: %r" % answer.body)
            # Those that were dropped come again.
            for j in range(i, IDLE, 60):
                if i % 3 == 0:
                    hanging[j].close()
                    hanging[j] = service.open()
        ending.set()
        for attacker in attackers:
            attacker.result()
    took.sort()
    print("all at once: rows were taken in %.3f s, the slowest in %.3f s; refused: %s" % (took[30], took[-1], sorted(seen.items())))
    equal(sorted(seen), sorted(what for what, _, _ in hostile(service)), "what was refused with an answer")
    check(took[-2] < 1, "good rows took %.2f s" % took[-2])
    for connection in hanging + deaf:
        connection.close()
    service.good()


def deaf_readers(service, count):
    deaf = []
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect((service.host, service.port))
        connection.setblocking(False)
        try:
            for _ in range(200):
                connection.send(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        except OSError:
            pass
        deaf.append(connection)
    return deaf


def readers(service):
    """Whoever asks and never reads: 40 of them, and the rest is served."""
    deaf = deaf_readers(service, 40)
    worst = max(service.good() for _ in range(20))
    print("40 clients that do not read: the slowest good request took %.3f s" % worst)
    for connection in deaf:
        connection.close()
    service.good()


def gone(service):
    """Clients that vanish at any point."""
    data = head(service, "Content-Length: 50\r\n") + b"[" + b" " * 49
    for cut in range(0, len(data), 7):
        with service.open() as connection:
            connection.sendall(data[:cut])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0" if cut % 2 else b"\0\0\0\0\0\0\0\0")
    service.good()


def beyond():
    """More connections than limits.connections wait for one of those to end, which takes header_time at most; nobody is refused."""
    service = Service([INGEST], "limits: { connections: 20, header_time: 2s }\n", {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("hr2.db")}, name="few")
    service.good()
    idlers = [service.open() for _ in range(30)]
    took = service.good(within=10)
    check(took > 0.5, "more connections than limits.connections are served at once (%.2f s)" % took)
    print("20 connections, 30 idle clients: a good request waited %.1f s" % took)
    for connection in idlers:
        connection.close()
    service.good()
    service.stop()


def run():
    service = Service([INGEST], "limits: { header_time: 2s, body_time: 4s, answer_time: 4s }\nrates: { requests: 1000000, burst: 1000000 }\n",
                      {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("hr.db")})
    slow(service)
    gone(service)
    readers(service)
    idle(service)
    at_once(service)
    service.stop()
    beyond()


main(run)
