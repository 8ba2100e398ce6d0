"""Starting `penstock serve` on a free port of loopback, and talking to it: well (http.client) and badly (raw sockets).

SPDX-License-Identifier: Apache-2.0
"""
import atexit
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time

from harness import TOP, check, fail, tmp

PENSTOCK = os.environ.get("PENSTOCK_HTTP") or os.environ.get("PENSTOCK") or os.path.join(TOP, "build/penstock")
JSON = {"Content-Type": "application/json"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def problem(self, status, what):
        """It is a problem of that status, as RFC 9457 writes one."""
        check(self.status == status, "%s: wanted %d, got %d %r" % (what, status, self.status, self.body[:300]))
        kind = self.headers.get("content-type")
        check(kind == "application/problem+json", "%s: the type of the answer is %r" % (what, kind))
        said = self.json()
        check(said["status"] == status and said["title"] and said["type"] == "about:blank", "%s: %r" % (what, said))
        return self


def key_line(name, key, scopes):
    return '  - { name: %s, sha256: %s, scopes: [%s] }\n' % (
        name, hashlib.sha256(key.encode()).hexdigest(), ", ".join('"%s"' % scope for scope in scopes))


class Service:
    """A running service; settings are further lines of the serve file, or file is one that is there already."""

    def __init__(self, pipelines, settings="", env=None, listen="127.0.0.1:0", program=PENSTOCK, name="serve", file=None, cwd=TOP):
        self.file = file or tmp(name + ".yaml")
        self.log = tmp(name + ".log")
        if not file:
            with open(self.file, "w") as out:
                out.write("version: 1\nlisten: %s\npipelines: [%s]\n%s" %
                          (listen, ", ".join(os.path.join(TOP, path) for path in pipelines), settings))
        self.errors = open(self.log, "wb")
        self.process = subprocess.Popen([program, "serve", self.file], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors,
                                        env=dict(os.environ, **(env or {})))
        atexit.register(self.end)
        self.host, self.port = self.listening()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def listening(self):
        for _ in range(1200):
            for line in self.lines():
                if line.get("event") == "listening":
                    host, port = line["address"][len("http://"):].rsplit(":", 1)
                    return host.strip("[]"), int(port)
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        fail("serve did not start: %s" % self.text())

    def text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def lines(self):
        found = []
        for line in self.text().splitlines(True):
            if line.endswith("\n") and line.startswith("{"):
                found.append(json.loads(line))
        return found

    def connect(self, timeout=60):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, timeout=60):
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path, value, headers=None, timeout=60):
        return self.ask("POST", path, json.dumps(value), dict(JSON, **(headers or {})), timeout)

    def open(self, timeout=60):
        raw = socket.create_connection((self.host, self.port), timeout=timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return raw

    def raw(self, data, timeout=60, half=False):
        """Sends bytes as they are and gives the answers to them, until the connection ends or for an answer that is whole."""
        with self.open(timeout) as connection:
            connection.sendall(data)
            if half:
                connection.shutdown(socket.SHUT_WR)
            return read_answer(connection)

    def good(self, within=1.0):
        """A good request is answered, and soon."""
        begun = time.monotonic()
        answer = self.ask("GET", "/healthz", timeout=30)
        took = time.monotonic() - begun
        check(answer.status == 200, "healthz: %d" % answer.status)
        check(took < within, "a good request took %.2f s" % took)
        return took

    def stop(self, number=signal.SIGTERM, code=0):
        self.process.send_signal(number)
        try:
            got = self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            fail("serve did not stop: %s" % self.text()[-2000:])
        check(got == code, "serve ended with %d, not %d: %s" % (got, code, self.text()[-3000:]))
        check("Sanitizer" not in self.text() and "runtime error" not in self.text(), self.text()[-6000:])


def read_answer(connection, head=False):
    """One answer off a socket; None where the other side closed without one."""
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            more = connection.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return None
        if not more:
            return None
        data += more
    start, rest = data.split(b"\r\n\r\n", 1)
    lines = start.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.strip().lower()] = value.strip()
    status = int(lines[0].split()[1])
    length = 0 if head or status == 100 else int(headers.get("content-length", 0))
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            break
        rest += more
    return Answer(status, headers, rest)


def together(count, work):
    """Runs work(i) in count threads; gives what they gave."""
    results = [None] * count
    errors = []

    def run(index):
        try:
            results[index] = work(index)
        except Exception as bad:  # told below, in the main thread
            errors.append(bad)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
