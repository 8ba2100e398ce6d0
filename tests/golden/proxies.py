"""penstock behind nginx and behind stunnel, with the files of examples/: requests over TLS, and what must not come through.

usage: proxies.py ROWS     of the file that is uploaded
SPDX-License-Identifier: Apache-2.0
"""
import atexit
import hashlib
import http.client
import json
import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, databases, equal, fail, main, newdb, tmp, wait_until
from http_service import JSON, Answer, Service, read_answer

ROWS = int(sys.argv[1])
NAME = "etl.example.com"
KEY = "pk_only_for_this_test"
BEARER = {"Authorization": "Bearer " + KEY}
WHEN = "2021-11-07T02:48:42Z"
BATCH = {"departments": [{"id": 1, "department": "Sales"}, {"id": 1, "department": "Twice"}], "jobs": [{"id": 1, "job": "Engineer"}],
         "hired_employees": [{"id": 1, "name": "A", "datetime": WHEN, "department_id": 1, "job_id": 1},
                             {"id": 2, "name": None, "datetime": WHEN, "department_id": 1, "job_id": 1},
                             {"id": 3, "name": "C", "datetime": WHEN, "department_id": 9, "job_id": 1}]}
REJECTS = [("departments", 1, "departments.id.primary-key"), ("hired_employees", 1, "hired_employees.name.required"),
           ("hired_employees", 2, "hired_employees.department_id.foreign-key")]


def certificate():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + NAME,
                    "-addext", "subjectAltName=DNS:" + NAME, "-keyout", tmp("etl.key"), "-out", tmp("etl.pem")], check=True, capture_output=True)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def adapted(path, replace, drop=()):
    """A file of examples/ with other ports and paths; each of these must be there."""
    with open(os.path.join(TOP, path)) as original:
        text = original.read()
    for line in drop:
        check("\n%s\n" % line in text, "%s has no line %s" % (path, line))
        text = text.replace("\n%s\n" % line, "\n")
    for old, new in replace.items():
        check(old in text, "%s does not hold %s" % (path, old))
        text = text.replace(old, new)
    return text


class Proxy:
    """A process that takes TLS on a port of loopback and passes it on."""

    def __init__(self, port, *command):
        self.port = port
        self.context = ssl.create_default_context(cafile=tmp("etl.pem"))
        with open(tmp("proxy%d.out" % port), "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        atexit.register(self.end)
        for _ in range(200):
            try:
                self.open().close()
                return
            except OSError:
                check(self.process.poll() is None, "%s ended: %s" % (command[0], self.said()))
                time.sleep(0.05)
        fail("%s does not listen: %s" % (command[0], self.said()))

    def said(self):
        with open(tmp("proxy%d.out" % self.port), errors="replace") as out:
            return out.read()[-2000:]

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def open(self, client="127.0.0.1", timeout=60):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout, source_address=(client, 0))
        return self.context.wrap_socket(raw, server_hostname=NAME)

    def ask(self, method, path, body=None, headers=None, client="127.0.0.1", connection=None, chunked=False):
        mine = connection or http.client.HTTPSConnection(NAME, context=self.context)
        if not mine.sock:
            mine.sock = self.open(client)
        try:
            mine.request(method, path, body=body, headers=headers if headers is not None else BEARER, encode_chunked=chunked)
            answer = mine.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            if not connection:
                mine.close()

    def post(self, path, value, **headers):
        return self.ask("POST", path, json.dumps(value), dict(BEARER, **JSON, **{name.replace("_", "-"): text for name, text in headers.items()}))


def nginx(service):
    port = free_port()
    with open(tmp("penstock.conf"), "w") as out:
        out.write(adapted("examples/nginx/penstock.conf", {"listen 443 ssl;": "listen 127.0.0.1:%d ssl;" % port, "127.0.0.1:8080": "127.0.0.1:%d" % service.port,
                                                          "/etc/ssl/penstock": tmp()}, drop=["    listen [::]:443 ssl;"]))
    # Around it what Debian's nginx.conf has around conf.d.
    with open(tmp("nginx.conf"), "w") as out:
        out.write("daemon off;\npid %s;\nerror_log %s;\nevents { worker_connections 512; }\nhttp {\n  access_log off;\n" %
                  (tmp("nginx.pid"), tmp("nginx.errors")))
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            out.write("  %s_temp_path %s;\n" % (kind, tmp("nginx." + kind)))
        out.write("  include %s;\n}\n" % tmp("penstock.conf"))
    return Proxy(port, "nginx", "-e", tmp("nginx.errors"), "-p", tmp(), "-c", tmp("nginx.conf"))


def stunnel(service):
    port = free_port()
    text = adapted("examples/stunnel/penstock.conf", {"accept = :::443": "accept = 127.0.0.1:%d" % port, "127.0.0.1:8080": "127.0.0.1:%d" % service.port,
                                                      "/etc/ssl/penstock": tmp(), "/var/log/stunnel4/penstock.log": tmp("stunnel.log")},
                   drop=["setuid = stunnel4", "setgid = stunnel4"])
    with open(tmp("stunnel.conf"), "w") as out:
        # It changes to nobody's rights where it can, as the original does.
        nobody = pwd.getpwnam("nobody")
        out.write("foreground = yes\n%s%s" % ("setuid = %d\nsetgid = %d\n" % (nobody.pw_uid, nobody.pw_gid) if os.getuid() == 0 else "", text))
    open(tmp("stunnel.log"), "a").close()
    if os.getuid() == 0:
        os.chown(tmp("stunnel.log"), nobody.pw_uid, nobody.pw_gid)
    return Proxy(port, "stunnel4", tmp("stunnel.conf"))


def example(kind, db, name):
    """The serve file of an example, on any free port."""
    files = tmp("%s-%s-files" % (kind, name))
    os.mkdir(files)
    return Service([], env={"PENSTOCK_DB": db.connect, "PENSTOCK_PORT": "0", "PENSTOCK_FILES": files,
                            "PENSTOCK_LOADER_SHA256": hashlib.sha256(KEY.encode()).hexdigest()},
                   file=os.path.join(TOP, "examples", kind, "serve.yaml"), name="%s-%s" % (kind, name))


def requests(proxy, db):
    """What both pass on: rows, verdicts, the same answer again, reports; keys and hosts are asked for."""
    first = proxy.post("/v1/ingest/ingest", BATCH, Idempotency_Key="a")
    equal((first.status, first.json()["written"]), (200, 3), "ingest")
    equal([(reject["table"], reject["index"], reject["rule"]) for reject in first.json()["rejects"]], REJECTS, "rejects")
    again = proxy.post("/v1/ingest/ingest", BATCH, Idempotency_Key="a")
    equal((again.status, again.body), (200, first.body), "the same key again")
    proxy.post("/v1/ingest/ingest", {"jobs": []}, Idempotency_Key="a").problem(422, "the same key with another body")
    equal(int(db.query("select count(*) from hired_employees")[0][0]), 1, "rows")
    equal(int(db.query("select count(*) from penstock_rejects")[0][0]), 3, "rejects")
    report = proxy.ask("GET", "/v1/reports/hires-by-quarter?year=2021")
    equal((report.status, report.json()), (200, [{"department": "Sales", "job": "Engineer", "Q1": 0, "Q2": 0, "Q3": 0, "Q4": 1}]), "the report")
    one = http.client.HTTPSConnection(NAME, context=proxy.context)
    for number in range(50):
        answer = proxy.ask("POST", "/v1/ingest/ingest/jobs", json.dumps([[number + 100, "j"]]), dict(BEARER, **JSON), connection=one)
        equal((answer.status, answer.json()["written"]), (200, 1), "row %d on one connection" % number)
    one.close()
    proxy.ask("GET", "/v1/pipelines", headers={}).problem(401, "no key")
    proxy.ask("GET", "/v1/pipelines", headers={"X-API-Key": "wrong"}).problem(401, "a wrong key")
    proxy.ask("POST", "/v1/pipelines/ingest/runs", "{}", dict(BEARER, **JSON)).problem(403, "a key without the scope")
    proxy.ask("GET", "/healthz", headers={"Host": "attacker.example"}).problem(403, "another Host")
    proxy.ask("GET", "/healthz", headers={"Origin": "https://attacker.example"}).problem(403, "another Origin")
    equal(proxy.ask("GET", "/healthz", headers={"Origin": "https://" + NAME}).status, 200, "its own Origin")


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: etl.example.com\r\n\r\n"
HEAD = b"POST /v1/ingest/ingest HTTP/1.1\r\nHost: etl.example.com\r\nAuthorization: Bearer " + KEY.encode() + b"\r\nContent-Type: application/json\r\n"
CHUNKS = b"0\r\n\r\n"
# Heads that two readers could understand differently; behind each a body in which one of them would see another request.
TRICKS = [
    ("Content-Length and chunked", b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(CHUNKS + SMUGGLED), CHUNKS + SMUGGLED),
    ("chunked and Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"3\r\n[1]\r\n" + CHUNKS + SMUGGLED),
    ("two Content-Lengths", b"Content-Length: 3\r\nContent-Length: %d\r\n" % len(b"[1]" + SMUGGLED), b"[1]" + SMUGGLED),
    ("a list of Content-Lengths", b"Content-Length: 3, 3\r\n", b"[1]" + SMUGGLED),
    ("a signed Content-Length", b"Content-Length: +3\r\n", b"[1]" + SMUGGLED),
    ("a hexadecimal Content-Length", b"Content-Length: 0x3\r\n", b"[1]" + SMUGGLED),
    ("a space before the colon", b"Content-Length: 3\r\nTransfer-Encoding : chunked\r\n", CHUNKS + SMUGGLED),
    # RFC 9112, 5.2: refused, or a part of the value of X-A.
    ("a folded line", b"Content-Length: %d\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n" % len(CHUNKS + SMUGGLED), CHUNKS + SMUGGLED),
    ("a name that is none", b"Content-Length: 3\r\nX(A): b\r\n", b"[1]"),
    ("a control character", b"Content-Length: 3\r\nX-A: b\x01\r\n", b"[1]"),
    ("another coding", b"Content-Length: 3\r\nTransfer-Encoding: xchunked\r\n", CHUNKS + SMUGGLED),
    ("two codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKS + SMUGGLED),
    ("a list of codings", b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS + SMUGGLED),
    ("a tab before the coding", b"Content-Length: 3\r\nTransfer-Encoding:\tchunked\r\n", CHUNKS + SMUGGLED),
    ("a vertical tab before the coding", b"Content-Length: 3\r\nTransfer-Encoding:\x0bchunked\r\n", CHUNKS + SMUGGLED),
    ("a bare newline in a value", b"Content-Length: 3\r\nX-A: b\nTransfer-Encoding: chunked\r\n", CHUNKS + SMUGGLED),
]


def smuggling(proxy, service):
    """Each is refused, or read in one way by everybody: nothing of a body is ever taken for a request."""
    for what, lines, body in TRICKS:
        with proxy.open(timeout=20) as connection:
            connection.sendall(HEAD + lines + b"\r\n" + body)
            answer = read_answer(connection)
            check(answer is not None and 400 <= answer.status < 500 or answer.status == 501, "%s: %r" % (what, answer and answer.status))
            connection.settimeout(0.3)
            try:
                check(read_answer(connection) is None, "%s: there was a second answer" % what)
            except OSError:
                pass
    seen = [line["path"] for line in service.lines() if "smuggled" in str(line.get("path"))]
    equal(seen, [], "requests out of bodies")


def told(service, path, work):
    """What work gives, and the line of the log about the request to this path that it made; the line may come after the answer."""
    def lines():
        return [line for line in service.lines() if line.get("path") == path]
    before = len(lines())
    gave = work()
    wait_until(lambda: len(lines()) > before, 30, "the log about " + path)
    return gave, lines()[-1]


def behind_nginx(kind):
    db = newdb(kind)
    service = example("nginx", db, kind)
    proxy = nginx(service)
    requests(proxy, db)
    # The client is who nginx says it is, whatever the client says.
    for lie in ({}, {"X-Forwarded-For": "198.51.100.7"}, {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"},
                {"Forwarded": "for=198.51.100.7", "X-Forwarded-Host": "attacker.example", "X-Real-IP": "198.51.100.7"}):
        answer, line = told(service, "/v1/pipelines", lambda: proxy.ask("GET", "/v1/pipelines", headers=dict(BEARER, **lie), client="127.0.0.2"))
        equal((answer.status, line["client"]), (200, "127.0.0.2"), "%r" % lie)
    # Wrong keys are counted for each client, and a client cannot be another one.
    statuses = [proxy.ask("GET", "/v1/runs", headers={"X-API-Key": "guess%d" % i, "X-Forwarded-For": "198.51.100.%d" % i}, client="127.0.0.3").status
                for i in range(30)]
    check(statuses[:20] == [401] * 20 and 429 in statuses, "guesses: %r" % statuses)
    refused = proxy.ask("GET", "/v1/pipelines", headers={"X-API-Key": "another"}, client="127.0.0.3").problem(429, "a client that guesses")
    check(int(refused.headers["retry-after"]) >= 1, "Retry-After")
    equal(proxy.ask("GET", "/v1/pipelines", client="127.0.0.4").status, 200, "another client")
    # Limits: nginx's answer looks like penstock's, and penstock has not seen the body.
    proxy.ask("POST", "/v1/ingest/ingest", b" " * (17 << 20), dict(BEARER, **JSON)).problem(413, "beyond client_max_body_size")
    proxy.ask("POST", "/v1/ingest/ingest", b" " * (16 << 20), dict(BEARER, **JSON)).problem(400, "as large as allowed")
    chunks = (piece for piece in (b'[{"id": 5,', b' "job": "chunked"}]'))
    answer = proxy.ask("POST", "/v1/ingest/ingest/jobs", chunks, dict(BEARER, **JSON, **{"Transfer-Encoding": "chunked"}), chunked=True)
    equal((answer.status, answer.json()["written"]), (200, 1), "a chunked body")
    uploads(proxy, service, db)
    smuggling(proxy, service)
    # With penstock gone the answer is a problem with Retry-After, and with penstock back the same request is taken.
    service.stop()
    equal(proxy.ask("GET", "/healthz", headers={}).problem(503, "penstock is away").headers["retry-after"], "1", "Retry-After")
    proxy.end()


def uploads(proxy, service, db):
    """A file beyond limits.body goes through as it comes, and is loaded."""
    body = "".join("%d,Name %d,%s,1,1\n" % (number, number, WHEN) for number in range(1000, 1000 + ROWS)).encode()
    check(len(body) > 17 << 20, "no large upload: %d" % len(body))
    csv = dict(BEARER, **{"Content-Type": "text/csv"})
    # One that fits into what nginx has read at once would get its length there.
    pieces = (b"1,N,2021-11-07T02:48:42Z,1,1\n" * 40000 for _ in range(4))
    proxy.ask("PUT", "/v1/pipelines/load/files/employees", pieces, dict(csv, **{"Transfer-Encoding": "chunked"}),
              chunked=True).problem(411, "a chunked upload")
    answer = proxy.ask("PUT", "/v1/pipelines/load/files/employees", body, csv)
    equal((answer.status, answer.json()["sha256"]), (200, hashlib.sha256(body).hexdigest()), "upload")

    def give_up():
        with proxy.open() as half:
            half.sendall(b"PUT /v1/pipelines/load/files/employees HTTP/1.1\r\nHost: etl.example.com\r\nX-API-Key: " + KEY.encode() +
                         b"\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:4 << 20])

    _, line = told(service, "/v1/pipelines/load/files/employees", give_up)
    check(line["status"] == 400 and line["received"] > 0, "an upload that ends early was kept by nginx: %r" % line)
    answer = proxy.post("/v1/pipelines/load/runs", {})
    equal(answer.status, 202, "a run: %r" % answer.body)
    where = answer.headers["location"]
    wait_until(lambda: proxy.ask("GET", where).json()["status"] != "running", 120, "the end of the run")
    summary = proxy.ask("GET", where).json()
    equal((summary["status"], summary["written"], summary["rejected"]), ("succeeded", ROWS, 0), "the run: %s" % summary)
    equal(int(db.query("select count(*) from hired_employees")[0][0]), ROWS + 1, "rows")


def behind_stunnel(kind):
    db = newdb(kind)
    service = example("stunnel", db, kind)
    proxy = stunnel(service)
    requests(proxy, db)
    for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"):
        proxy.ask("GET", "/healthz", headers={name: "198.51.100.7"}).problem(403, name + " where nobody vouches for it")
    answer, line = told(service, "/v1/pipelines", lambda: proxy.ask("GET", "/v1/pipelines", client="127.0.0.2"))
    equal((answer.status, line["client"]), (200, "127.0.0.1"), "everybody is stunnel")
    proxy.ask("POST", "/v1/ingest/ingest", b" " * (17 << 20), dict(BEARER, **JSON)).problem(413, "beyond limits.body")
    smuggling(proxy, service)
    service.stop()
    proxy.end()


def run():
    certificate()
    for kind in databases():
        behind_nginx(kind)
        behind_stunnel(kind)


main(run)
