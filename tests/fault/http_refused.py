"""What a request must not be: each is refused with its status, as a problem, and the service goes on.

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import os
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("TOP", "."), "tests/support"))
from harness import TOP, check, equal, main, penstock, tmp, wait_until
from http_service import JSON, Service, key_line, read_answer

INGEST = "pipelines/ingest.yaml"
MIGRATE = "pipelines/migrate.yaml"


def heads(service):
    here = "Host: 127.0.0.1:%d\r\n" % service.port
    cases = [
        (400, "no Host", "GET /healthz HTTP/1.1\r\n\r\n"),
        (400, "two Hosts", "GET /healthz HTTP/1.1\r\n" + here + here + "\r\n"),
        (403, "a foreign Host", "GET /healthz HTTP/1.1\r\nHost: attacker.example\r\n\r\n"),
        (403, "a foreign Host with our port", "GET /healthz HTTP/1.1\r\nHost: attacker.example:%d\r\n\r\n" % service.port),
        (403, "a Host that begins like ours", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1.attacker.example\r\n\r\n"),
        (403, "a foreign Origin", "GET /healthz HTTP/1.1\r\n" + here + "Origin: http://attacker.example\r\n\r\n"),
        (403, "no Origin of its own", "GET /healthz HTTP/1.1\r\n" + here + "Origin: null\r\n\r\n"),
        (403, "another port as Origin", "GET /healthz HTTP/1.1\r\n" + here + "Origin: http://127.0.0.1:1\r\n\r\n"),
        (403, "a preflight", "OPTIONS /v1/ingest/ingest HTTP/1.1\r\n" + here +
         "Origin: http://attacker.example\r\nAccess-Control-Request-Method: POST\r\n\r\n"),
        (405, "OPTIONS", "OPTIONS /healthz HTTP/1.1\r\n" + here + "\r\n"),
        (403, "Forwarded", "GET /healthz HTTP/1.1\r\n" + here + "Forwarded: for=10.0.0.1\r\n\r\n"),
        (403, "X-Forwarded-For", "GET /healthz HTTP/1.1\r\n" + here + "X-Forwarded-For: 10.0.0.1\r\n\r\n"),
        (404, "nothing there", "GET /nothing HTTP/1.1\r\n" + here + "\r\n"),
        (404, "a file", "GET /../../etc/passwd HTTP/1.1\r\n" + here + "\r\n"),
        (404, "a file, encoded", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + here + "\r\n"),
        (404, "the root, with a slash too many", "GET //healthz HTTP/1.1\r\n" + here + "\r\n"),
        (400, "half an escape", "GET /healthz%4 HTTP/1.1\r\n" + here + "\r\n"),
        (400, "a NUL", "GET /healthz%00 HTTP/1.1\r\n" + here + "\r\n"),
        (400, "no UTF-8", "GET /healthz%ff HTTP/1.1\r\n" + here + "\r\n"),
        (400, "a parameter twice", "GET /v1/reports/x?a=1&a=2 HTTP/1.1\r\n" + here + "\r\n"),
        (405, "DELETE", "DELETE /healthz HTTP/1.1\r\n" + here + "\r\n"),
        (431, "a hundred headers", "GET /healthz HTTP/1.1\r\n" + here + "".join("X-A%d: 1\r\n" % i for i in range(100)) + "\r\n"),
        (400, "no HTTP", "hello\r\n\r\n"),
        (400, "a method that is none", "EVIL /healthz HTTP/1.1\r\n" + here + "\r\n"),
        (400, "a space before a colon", "GET /healthz HTTP/1.1\r\n" + here + "Content-Length : 5\r\n\r\nabcde"),
        (400, "spaces before a colon", "GET /healthz HTTP/1.1\r\n" + here + "X  :a\r\n\r\n"),
        (400, "a header without a colon", "GET /healthz HTTP/1.1\r\n" + here + "X\r\n\r\n"),
        (400, "a head of a megabyte", "GET /healthz HTTP/1.1\r\n" + here + "X-A: " + "a" * (1 << 20)),
        (400, "an address of 20 KB", "GET /healthz?" + "a" * 20000 + " HTTP/1.1\r\n" + here + "\r\n"),
        (505, "another version", "GET /healthz HTTP/7.0\r\n" + here + "\r\n"),
    ]
    for status, what, text in cases:
        answer = service.raw(text.encode())
        check(answer is not None, "%s: no answer" % what)
        answer.problem(status, what)
        check("access-control-allow-origin" not in answer.headers, "%s: CORS is on" % what)
        if status == 405:
            check(answer.headers.get("allow") == "GET, HEAD", "%s: Allow is %r" % (what, answer.headers.get("allow")))
    # Targets that are no path of ours: an address of another server, and the server as a whole. No status is for these, so the connection ends.
    for what, target in (("an address elsewhere", "http://attacker.example/healthz"), ("the whole server", "*")):
        check(service.raw(("OPTIONS %s HTTP/1.1\r\n%s\r\n" % (target, here)).encode()) is None, what)
    for line in ("X:a", "X: a", "X:", "X: "):
        equal(service.raw(("GET /healthz HTTP/1.1\r\n%s%s\r\n\r\n" % (here, line)).encode()).status, 200, "the header %r" % line)
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:%d" % service.port):
        equal(service.raw(("GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % host).encode()).status, 200, "Host %s" % host)
    own = "GET /healthz HTTP/1.1\r\n" + here + "Origin: http://127.0.0.1:%d\r\n\r\n" % service.port
    equal(service.raw(own.encode()).status, 200, "a page of the service itself")


def head_of(service, extra):
    return ("POST /v1/ingest/ingest HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n%s\r\n" %
            (service.port, extra)).encode()


def bodies(service):
    path = "/v1/ingest/ingest"
    service.ask("POST", path, "[1]", {"Content-Type": "text/plain"}).problem(415, "a text")
    service.ask("POST", path, "[1]", {"Content-Type": "application/json; charset=latin-1"}).problem(415, "another charset")
    service.ask("POST", path, "[1]").problem(415, "no type")
    service.ask("POST", path, gzip.compress(b"[1]"), dict(JSON, **{"Content-Encoding": "gzip"})).problem(415, "gzip")
    service.ask("POST", path, " " * 2000, JSON).problem(413, "beyond limits.body")
    service.ask("POST", path, "[" * 65 + "]" * 65, JSON).problem(400, "65 deep")
    service.ask("POST", path, "[" * 900, JSON).problem(400, "open brackets")
    service.ask("GET", "/healthz", "x", {}).problem(413, "a body where none belongs")
    for status, what, extra, body in [
        (400, "Content-Length with chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (411, "chunked", "Transfer-Encoding: chunked\r\n", b"3\r\n[1]\r\n0\r\n\r\n"),
        (400, "two Content-Lengths", "Content-Length: 3\r\nContent-Length: 4\r\n", b"[1] "),
        (400, "a Content-Length with letters", "Content-Length: 3x\r\n", b"[1]"),
        (400, "a Content-Length with a sign", "Content-Length: +3\r\n", b"[1]"),
        (400, "a negative Content-Length", "Content-Length: -1\r\n", b""),
        (400, "another Transfer-Encoding", "Transfer-Encoding: gzip\r\n", b""),
        (400, "a Transfer-Encoding that is none", "Transfer-Encoding: identity\r\n", b""),
        (413, "a Content-Length of 10^17", "Content-Length: 100000000000000000\r\n", b"[1]"),
    ]:
        service.raw(head_of(service, extra) + body).problem(status, what)
    # Less than announced, and the end of the connection.
    answer = service.raw(head_of(service, "Content-Length: 100\r\n") + b"[1", half=True)
    check(answer is None or answer.status == 400, "a body that ends early: %r" % answer)
    # More than announced: what follows is no request, and never part of this body.
    with service.open() as connection:
        connection.sendall(head_of(service, "Content-Length: 4\r\nIdempotency-Key: \r\n") + b"[1] evil\r\n\r\n")
        read_answer(connection).problem(400, "an empty Idempotency-Key")
    # A whole body although the answer is known already: it arrives.
    service.raw(head_of(service, "Content-Length: 1000000\r\n") + b" " * 1000000).problem(413, "a megabyte that nobody reads")
    # 100 Continue only where the body is wanted.
    with service.open() as connection:
        connection.sendall(head_of(service, "Content-Length: 999999\r\nExpect: 100-continue\r\n"))
        read_answer(connection).problem(413, "an announced body that is too large")
    with service.open() as connection:
        connection.sendall(head_of(service, "Content-Length: 3\r\nExpect: 100-continue\r\n"))
        equal(read_answer(connection).status, 100, "go on")
        connection.sendall(b"[1]")
        check(read_answer(connection).status < 500, "a body after 100 Continue")


def keys(service):
    def ask(key=None, path="/v1/ingest/ingest", **headers):
        sent = dict(JSON, **{name.replace("_", "-"): value for name, value in headers.items()})
        if key:
            sent["Authorization"] = "Bearer " + key
        return service.ask("POST", path, "[]", sent)

    for what, answer in [("no key", ask()), ("a wrong key", ask("wrong")), ("nearly the key", ask("key-of-the-loader!")),
                         ("another scheme", ask(Authorization="Basic a2V5OmtleQ==")),
                         ("two keys", ask("key-of-the-loader", X_API_Key="key-of-the-loader")),
                         ("a hash instead of its key", ask(X_API_Key="0" * 64)), ("a long key", ask("k" * 8000))]:
        answer.problem(401, what)
        check(answer.headers.get("www-authenticate", "").startswith("Bearer"), "%s: WWW-Authenticate" % what)
    ask("key-of-the-reporter").problem(403, "a key without the scope")
    ask("key-of-the-loader", "/v1/ingest/other").problem(403, "another pipeline")
    check(ask("key-of-the-loader").status in (200, 400, 422), "the right key")
    check(ask(X_API_Key="key-of-the-loader").status in (200, 400, 422), "the right key as X-API-Key")
    check(ask("key-of-all").status in (200, 400, 422), "a key for everything")
    equal(service.ask("GET", "/healthz").status, 200, "healthz needs no key")
    equal(service.ask("GET", "/readyz").status, 200, "readyz needs no key")
    service.ask("GET", "/openapi.json").problem(401, "openapi.json needs a key")
    equal(service.ask("GET", "/openapi.json", headers={"X-API-Key": "key-of-the-reporter"}).status, 200, "any key")
    log = service.text()
    for secret in ("key-of", "wrong"):
        check(secret not in log, "the log holds a key")
    wait_until(lambda: any(line.get("key") == "loader" and line.get("status") for line in service.lines()), 20, "the log names the key")


def no_keys(env):
    """Without keys nobody replaces what a table holds, or a file."""
    run_id = penstock("run", "pipelines/restore.yaml", "--json", "--set", "folder=" + tmp("nothing"), env=env, cwd=TOP).json["run_id"]
    service = Service([INGEST, "pipelines/restore.yaml", "examples/serve/upload.yaml"], "", env, name="nokeys")
    equal(service.ask("GET", "/v1/runs/" + run_id).json()["pipeline"], "restore", "to look at it needs no key")
    for what, answer in (("a pipeline that replaces", service.post("/v1/pipelines/restore/runs", {})),
                         ("the cancelling of its run", service.ask("POST", "/v1/runs/%s/cancel" % run_id)),
                         ("an upload", service.ask("PUT", "/v1/pipelines/jobs-file/files/file", "1,x\n", {"Content-Type": "text/csv"}))):
        answer.problem(401, what)
        check(answer.headers.get("www-authenticate", "").startswith("Bearer"), "%s: WWW-Authenticate" % what)
    service.stop()


def rates(service):
    began = time.monotonic()
    with service.open() as connection:
        statuses = []
        for _ in range(40):
            connection.sendall(("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n").encode())
            answer = read_answer(connection)
            statuses.append(answer.status)
            if answer.status == 429:
                break
    took = time.monotonic() - began
    check(answer.status == 429 and statuses.count(200) >= 5, "the burst of 5: %r" % statuses)
    check(statuses.count(200) <= 5 + 2 + 2 * took, "more than rate and burst allow: %r in %.1f s" % (statuses, took))
    check(int(answer.headers["retry-after"]) >= 1, "Retry-After")
    for name in ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"):
        check(answer.headers[name].isdigit(), name)
    equal(answer.headers["ratelimit-limit"], "5", "RateLimit-Limit")
    time.sleep(1.1)
    equal(service.ask("GET", "/openapi.json").status, 200, "a second later")
    equal(service.ask("GET", "/healthz").status, 200, "healthz is not counted")


def failures(service):
    statuses = [service.ask("GET", "/openapi.json", headers={"X-API-Key": "guess%d" % i}).status for i in range(12)]
    equal(statuses[:3], [401] * 3, "the first guesses")
    check(429 in statuses, "guessing goes on and on: %r" % statuses)


def run():
    env = {"PENSTOCK_DB": "Driver=SQLite3;Database=" + tmp("hr.db")}
    service = Service([INGEST], "limits: { body: 1KiB }\n", env)
    heads(service)
    bodies(service)
    service.good()
    service.stop()
    no_keys(env)
    service = Service([INGEST], "keys:\n" + key_line("loader", "key-of-the-loader", ["ingest:ingest"]) +
                      key_line("reporter", "key-of-the-reporter", ["report:*"]) + key_line("all", "key-of-all", ["*:*"]), env)
    keys(service)
    service.stop()
    service = Service([INGEST], "rates: { requests: 2, burst: 5 }\n", env)
    rates(service)
    service.stop()
    service = Service([INGEST], "rates: { failures: 1, failure_burst: 3 }\nkeys:\n" + key_line("a", "right", ["*:*"]), env)
    failures(service)
    service.stop()
    service = Service([INGEST], "behind_proxy: true\nhosts: [etl.example.com]\nkeys:\n" + key_line("a", "right", ["*:*"]), env)
    told = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "Host": "etl.example.com", "Origin": "https://etl.example.com"}
    equal(service.ask("GET", "/healthz", headers=told).status, 200, "behind a proxy")
    service.ask("GET", "/healthz", headers={"X-Forwarded-For": "nobody"}).problem(400, "an X-Forwarded-For that is none")
    wait_until(lambda: any(line.get("client") == "198.51.100.7" for line in service.lines()), 20, "the client is the last X-Forwarded-For")
    service.stop()
    service = Service([INGEST], "behind_proxy: true\n", env)
    service.ask("GET", "/healthz", headers={"X-Forwarded-For": "203.0.113.9"}).problem(403, "behind a proxy without keys")
    equal(service.ask("GET", "/healthz").status, 200, "this machine")
    service.stop()


main(run)
