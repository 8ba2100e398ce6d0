"""Clients that are slow, idle, or gone: each is refused or dropped in time, and good requests are answered within a second beside them.

SPDX-License-Identifier: Apache-2.0
"""
import os
import resource
import socket
import sys
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


def idle(service):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, IDLE + 200)), hard))
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


def readers(service):
    """Whoever asks and never reads: 40 of them, and the rest is served."""
    deaf = []
    for _ in range(40):
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


def run():
    service = Service([INGEST], "limits: { header_time: 2s, body_time: 4s, answer_time: 4s }\nrates: { requests: 1000000, burst: 1000000 }\n",
                      {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("hr.db")})
    slow(service)
    gone(service)
    readers(service)
    idle(service)
    service.stop()


main(run)
