"""Pages of a server of Python's own, loaded by the http source: the rows that must come of them were made here, before they were pages.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import csv
import ctypes
import ctypes.util
import gzip
import io
import json
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import Failed, check, databases, equal, main, newdb, penstock, run, tmp, wait_until
from http_service import Service
from http_pages import Answer, Server, certificate, loaded, pipeline, rows, wanted

SECRETS = ("pass-word-1", "tok-en-2", "api-key-3", "query-key-4", "head-er-5")
RETRIES = "retries: 2, retry_wait: 10ms"


def hidden(done, *words):
    for secret in SECRETS + words:
        check(secret not in done.out + done.err, "%s is shown: %s" % (secret, done.tail()))


def load(name, server, options, count, kind="sqlite", path="/rows", first=1, **named):
    """Runs the pipeline; the table must hold records first to count. Gives (Done, db)."""
    db = newdb(kind)
    done = run(pipeline(name, 'url: "%s%s", %s' % (server.url, path, RETRIES + (", " + options if options else ""))), db=db, **named)
    equal(loaded(db), wanted(first, count), "%s: rows" % name)
    equal(done.json["written"], count - first + 1, "%s: written" % name)
    hidden(done)
    return done, db


def as_csv(records):
    out = io.StringIO()
    writer = csv.DictWriter(out, ["name", "id", "price"])
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def test_formats(kind):
    all_rows = rows(1, 2500)
    bodies = {"/json": all_rows, "/nested": {"meta": {"n": [1]}, "data": {"rows": all_rows}, "tail": "]"},
              "/ndjson": "".join(json.dumps(row) + "\n" for row in all_rows), "/csv": as_csv(all_rows), "/none": [], "/nothing": ""}
    for zipped in (False, True):
        server = Server(lambda request: Answer(bodies[request.path], zipped=zipped))
        load("json", server, "", 2500, kind, "/json")
        load("nested", server, "pointer: /data/rows", 2500, kind, "/nested")
        load("ndjson", server, "format: ndjson", 2500, kind, "/ndjson")
        load("csv", server, "format: csv", 2500, kind, "/csv")
        load("none", server, "", 0, kind, "/none")
        load("nothing", server, "format: ndjson", 0, kind, "/nothing")
        check("gzip" in server.seen[0].headers["accept-encoding"], "Accept-Encoding")
        server.stop()
    server = Server(lambda request: Answer(status=204))
    load("no_content", server, "", 0, kind)
    server.stop()


def zstd(data):
    """One zstd frame by libzstd itself, or None where it is not here."""
    name = ctypes.util.find_library("zstd")
    if not name:
        return None
    library = ctypes.CDLL(name)
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    library.ZSTD_compress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    out = ctypes.create_string_buffer(library.ZSTD_compressBound(len(data)))
    size = library.ZSTD_compress(out, len(out), data, len(data), 3)
    return out.raw[:size]


def test_compressed():
    lines = "".join(json.dumps(row) + "\n" for row in rows(1, 2500)).encode()
    half = len(lines) // 2
    bodies = {"gzip": gzip.compress(lines[:half]) + gzip.compress(lines[half:])}
    server = Server(lambda request: Answer(body, headers={"Content-Encoding": encoding}))
    for encoding, body in bodies.items():
        load("members", server, "format: ndjson", 2500)
    encoding = "zstd"
    if encoding not in server.seen[0].headers["accept-encoding"] or not zstd(lines):
        print("left out: zstd is not in this build, or libzstd is not here")
    else:
        body = zstd(lines[:half]) + zstd(lines[half:])
        load("zstd", server, "format: ndjson", 2500)
        body = zstd(lines)[:-9]
        done = run(tmp("zstd.yaml"), db=newdb("sqlite"), code=4)
        check("ends in the middle" in done.err, done.tail())
    server.stop()


def test_link():
    def answer(request):
        page = int(request.query.get("page", 1))
        links = ['<http://elsewhere.example/x>; rel="last"']
        if page < 7:
            # Absolute, relative to the host, to the path; in a header of its own or among others.
            links.append(['<%s/rows?page=%d&k=query-key-4>; rel="next"' % (server.url, page + 1), "</rows?page=%d>; title=\"a, b\"; rel=next" % (page + 1),
                          "<?page=%d>; rel=\"prefetch next\"" % (page + 1)][page % 3])
        return Answer([] if page == 4 else rows(page * 10, page * 10 + 9), headers={"Link": links if page % 2 else ", ".join(links)})
    server = Server(answer)
    db = newdb("sqlite")
    done = run(pipeline("link", 'url: "%s/rows", paging: link' % server.url), db=db)
    equal(loaded(db), sorted(wanted(10, 39) + wanted(50, 79)), "rows of the pages")
    equal(len(server.seen), 7, "requests")
    hidden(done)
    server.stop()


def test_cursor():
    pages = {None: (rows(1, 3), "a/b c&d"), "a/b c&d": ([], 17), "17": (rows(4, 5), "\u00e9\u4e2d"), "\u00e9\u4e2d": (rows(6, 6), "last"), "last": (rows(7, 9), None)}
    ends = [{"meta": {"next": None}}, {"meta": {}}, {}, {"meta": {"next": ""}}, {"meta": {"next": False}}, {"meta": 3}]
    for end in ends:
        def answer(request):
            check(request.query.get("since") == "a b&c=d", "the parameter came as %r" % request.query)
            data, cursor = pages[request.query.get("after")]
            return Answer(dict({"rows": data}, **({"meta": {"next": cursor}} if cursor else end)))
        server = Server(answer)
        load("cursor", server, 'pointer: /rows, paging: cursor, cursor: /meta/next, cursor_parameter: after, parameters: { since: "a b&c=d" }', 9)
        equal(len(server.seen), 5, "requests")
        server.stop()
    # The cursor is the address.
    server = Server(lambda request: Answer({"value": rows(1, 4), "@odata.nextLink": server.url + "/more?x=1"} if request.path == "/rows"
                                           else {"@odata.nextLink": None, "value": rows(5, 6)}))
    load("address", server, 'pointer: /value, paging: cursor, cursor: "/@odata.nextLink"', 6)
    server.stop()


def test_page_and_offset():
    def numbered(count, most, first=1, beyond=None):
        """A server that has count records and never gives more than most at once, whatever is asked for."""
        def answer(request):
            size = min(int(request.query.get("limit", most)), most)
            begin = int(request.query["offset"]) if "offset" in request.query else (int(request.query.get("page", first)) - first) * size
            if begin >= count and beyond:
                return Answer("no such page", status=beyond)
            return Answer(rows(begin + 1, min(begin + size, count)))
        return Server(answer)
    for count in (0, 1, 10, 25, 30):
        for options, first in (("paging: page", 1), ("paging: page, first_page: 0", 0), ("paging: offset", 1),
                               # The server gives fewer than it is asked for: nothing may be lost by that.
                               ("paging: offset, size_parameter: limit, page_size: 1000", 1), ("paging: page, size_parameter: limit, page_size: 1000", 1),
                               ("paging: offset, size_parameter: limit, page_size: 7", 1)):
            server = numbered(count, 10, first)
            load("numbered", server, options, count)
            server.stop()
        for options in ("paging: page, page_end: short", "paging: offset, page_end: short"):
            server = numbered(count, 10)
            load("short", server, options, count)
            equal(len(server.seen), {0: 1, 1: 2, 10: 2, 25: 3, 30: 4}[count], "requests of %d records" % count)
            server.stop()
        if count:
            server = numbered(count, 10, beyond=404)
            load("missing", server, "paging: page, page_end: not_found", count)
            done = run(pipeline("missing_is_wrong", 'url: "%s/rows", paging: page' % server.url), db=newdb("sqlite"), code=4)
            check("status 404" in done.err, done.tail())
            server.stop()


def test_rejects(kind):
    """Rejects name the page; errors name source, page and record; nothing of a load that failed is there."""
    def answer(request):
        page = int(request.query.get("page", 1))
        records = rows(page * 10, page * 10 + 9) if page < 4 else []
        if page == 2:
            records[3]["price"] = "dear"
            records[6]["id"] = 10  # of page 1
        return Answer(records)
    server = Server(answer)
    db = newdb(kind)
    done = run(pipeline("rejects", 'url: "%s/rows?key=query-key-4", paging: page' % server.url), db=db)
    equal((done.json["read"], done.json["written"], done.json["rejected"]), (30, 28, 2), "books")
    equal(db.query("select source, record_no, rule from penstock_rejects order by record_no"),
          [(server.url + "/rows page 2", "4", "t.price.type"), (server.url + "/rows page 2", "7", "t.id.primary-key")], "rejects")
    hidden(done)
    broken = json.dumps(rows(20, 29)).replace('"id": 25,', '"id": 25 ')
    for body, words in ((broken, "page 2 record 6:1:"), (json.dumps(rows(20, 29))[:-30], "page 2 record 10:1:"), ("<html>", "page 2:1:1: no JSON"),
                        ("", "page 2:1:1: "), ('{"error": "x"}', "page 2: the document is an object")):
        server.answer = lambda request: Answer(rows(10, 19)) if "page" not in request.query or request.query["page"] == "1" else Answer(body)
        db = newdb(kind)
        done = run(pipeline("broken", 'url: "%s/rows?key=query-key-4", paging: page' % server.url), db=db, code=4)
        check("%s/rows %s" % (server.url, words) in done.err, "%s: %s" % (words, done.tail()))
        equal(db.count("t"), 0, "rows of a load that failed")
        hidden(done)
    server.stop()


def test_credentials():
    cases = (("user: me, password: pass-word-1", "authorization", "Basic " + base64.b64encode(b"me:pass-word-1").decode()),
             ("token: tok-en-2", "authorization", "Bearer tok-en-2"), ("api_key: api-key-3", "x-api-key", "api-key-3"),
             ("api_key: api-key-3, api_key_header: X-Other", "x-other", "api-key-3"),
             ("headers: { X-Mine: head-er-5, Accept: text/plain }", "x-mine", "head-er-5"))
    for options, header, value in cases:
        server = Server(lambda request: Answer(rows(1, 2)) if request.headers.get(header) == value else Answer(status=401))
        load("credentials", server, options, 2)
        done = penstock("plan", tmp("credentials.yaml"), db=newdb("sqlite"))
        equal(done.code, 0, done.tail())
        hidden(done)
        server.answer = lambda request: Answer(status=401)
        done = run(tmp("credentials.yaml"), db=newdb("sqlite"), code=4)
        check("status 401" in done.err, done.tail())
        equal(len(server.seen), 2, "a 401 is not tried again")
        hidden(done)
        server.stop()


def test_post():
    server = Server(lambda request: Answer(rows(1, 3)) if (request.method, request.body, request.headers["content-type"]) ==
                    ("POST", b'{"q": "\xc3\xa9"}', "application/json") else Answer(status=400))
    load("post", server, """method: POST, body: '{"q": "\u00e9"}'""", 3)
    before = len(server.seen)
    done = penstock("check", tmp("post.yaml"), db=newdb("sqlite"))
    equal((done.code, len(server.seen)), (0, before), "check asks no POST: " + done.tail())
    check("not asked, since it is a POST" in done.out, done.tail())
    server.stop()


def test_redirects():
    """Followed on the same host and to hosts of the list; credentials stay behind."""
    def other_answer(request):
        for header in ("authorization", "x-api-key", "x-mine"):
            check(header not in request.headers, "%s was sent to another host" % header)
        return Answer(rows(1, 5))
    strays = []

    def watched(request):
        try:
            return other_answer(request)
        except Failed as bad:
            strays.append(bad)
            return Answer(status=500)
    other = Server(watched)
    places = {"/rows": "/second?k=query-key-4", "/second": "third", "/away": other.url + "/rows"}
    server = Server(lambda request: Answer(status=302, headers={"Location": places[request.path]}) if request.path in places
                    else Answer(rows(1, 5)) if request.headers.get("authorization") == "Bearer tok-en-2" else Answer(status=401))
    auth = "token: tok-en-2, headers: { X-Mine: head-er-5 }, api_key: api-key-3"
    load("redirect", server, auth, 5)
    load("allowed", server, auth + ', allow_private: true, allow_hosts: ["127.0.0.1:%d"]' % other.port, 5, path="/away")
    equal(strays, [], "credentials")
    equal(len(other.seen), 1, "requests to the other host")
    # A POST becomes a GET on 303, and stays one on 307.
    for status, method in ((303, "GET"), (307, "POST")):
        server.answer = lambda request: Answer(status=status, headers={"Location": "/there"}) if request.path == "/rows" else Answer(
            rows(1, 2) if (request.method, request.body) == (method, b"ask" if method == "POST" else b"") else {})
        load("post_redirect", server, "method: POST, body: ask", 2)
    server.stop()
    other.stop()


def test_tls():
    server = Server(lambda request: Answer(rows(1, 20)), tls=True)
    crt = certificate()[0]
    load("tls", server, "ca_file: %s" % crt, 20)
    server.url = "https://localhost:%d" % server.port
    load("tls_name", server, "ca_file: %s" % crt, 20)
    done = run(pipeline("untrusted", 'url: "%s/rows"' % server.url), db=newdb("sqlite"), code=4)
    check("certificate is not trusted" in done.err, done.tail())
    other = certificate("other", "other.example", "DNS:other.example")[0]
    done = run(pipeline("foreign", 'url: "%s/rows", ca_file: "%s"' % (server.url, other)), db=newdb("sqlite"), code=4)
    check("certificate is not trusted" in done.err, done.tail())
    server.stop()


def test_check_and_plan():
    server = Server(lambda request: Answer(rows(1, 20)))
    file = pipeline("looked", 'url: "%s/rows", paging: cursor, cursor: /next, cursor_parameter: after, pointer: /rows, allow_hosts: b.example' % server.url)
    done = penstock("plan", file, db=newdb("sqlite"))
    equal((done.code, len(server.seen)), (0, 0), "plan asks nobody: " + done.tail())
    for words in (server.url + "/rows, a stream that cannot be read again", "pages by the cursor at /next, sent as after", "records at /rows", "b.example",
                  "once, at the end"):
        check(words in done.out, "plan does not say %r: %s" % (words, done.tail()))
    done = penstock("check", file, db=newdb("sqlite"))
    equal((done.code, len(server.seen)), (0, 1), "check asks once: " + done.tail())
    server.answer = lambda request: Answer(status=503)
    done = penstock("check", file, db=newdb("sqlite"))
    equal(done.code, 4, "check of a server in trouble: " + done.tail())
    check("status 503" in done.err, done.tail())
    server.stop()
    done = penstock("check", file, db=newdb("sqlite"))
    equal(done.code, 4, "check of no server: " + done.tail())
    done = penstock("connectors", "http")
    check("password" in done.out and "max_redirects" in done.out, done.tail())


def test_validate():
    for options, words in (('url: "ftp://h/x"', "must begin with http"), ('url: "https://me:pass-word-1@h/x"', "must not hold user and password"),
                           ('url: "https://h h/"', "is not an address"), ('url: "https://h/x", password: pass-word-1', "password goes with user"),
                           ('url: "https://h/x", token: tok-en-2, user: a', "exclude each other"), ('url: "https://h/x", body: b', "method: POST"),
                           ('url: "https://h/x", format: csv, pointer: /a', "pointer goes with format: json"),
                           ('url: "https://h/x", pointer: a', "does not begin with a slash"), ('url: "https://h/x", paging: cursor', "needs cursor"),
                           ('url: "https://h/x", cursor: /a', "cursor goes with paging: cursor"), ('url: "https://h/x", page_end: short', "page_end goes with"),
                           ('url: "https://h/x?page=3", paging: page', 'have \\"page\\" already'.replace("\\", "")),
                           ('url: "https://h/x", parameters: { page: "3" }, paging: page', 'have "page" already'),
                           ('url: "https://h/x", format: ndjson, paging: cursor, cursor: /a', "looks into the document"),
                           ('url: "https://h/x", headers: { Host: h }', "Host is set by penstock itself"),
                           ('url: "https://h/x", headers: { X-A: "a\\nhead-er-5" }', "more than one line"),
                           ('url: "https://h/x", headers: { "X A": b }', "a name that is none"),
                           ("paging: link", "need url"), ("user: a", "need url"), ('url: "https://h/x", pagign: link', 'did you mean "paging"'),
                           ('url: "https://h/x", retries: 1000', "retries"), ('url: ""', "url")):
        done = penstock("validate", pipeline("wrong", options), db=newdb("sqlite"))
        equal(done.code, 2, "%s: %s" % (options, done.tail()))
        check(words in done.err + done.out and "wrong.yaml:" in done.err + done.out, "%s: no word of %r: %s" % (options, words, done.tail()))
        hidden(done)
    done = penstock("run", pipeline("ingest", "format: json"), db=newdb("sqlite"))
    equal(done.code, 2, done.tail())
    check("penstock serve" in done.err, done.tail())


def test_serve():
    """A pipeline that fetches is one that the service runs, not one whose rows are posted; and it can be cancelled."""
    held = threading.Event()
    server = Server(lambda request: Answer(rows(1, 30)) if request.query.get("part") == "a&b" else held.wait(30) and Answer([]))
    db = newdb("sqlite")
    file = pipeline("served", 'url: "%s/rows", parameters: { part: "${params.part}" }' % server.url,
                    top="params: { part: { default: none, request: true, pattern: '.*' } }\n")
    service = Service([file], env={"PENSTOCK_DB": db.connect})
    equal([one["kind"] for one in service.ask("GET", "/v1/pipelines").json()["pipelines"]], ["run"], "kind of the pipeline")
    equal(service.post("/v1/ingest/served/t", [{"id": 1}]).status, 404, "rows that are posted to it")
    answer = service.post("/v1/pipelines/served/runs", {"params": {"part": "a&b"}})
    equal(answer.status, 202, "a run: %r" % answer.body)
    where = answer.headers["location"]
    wait_until(lambda: service.ask("GET", where).json()["status"] == "succeeded", 20, "the end of the run")
    equal(loaded(db), wanted(1, 30), "rows")
    where = service.post("/v1/pipelines/served/runs", {"params": {}}).headers["location"]
    wait_until(lambda: len(server.seen) == 2, 20, "the second request")
    equal(service.ask("POST", where + "/cancel").status, 202, "cancel")
    wait_until(lambda: service.ask("GET", where).json()["status"] == "cancelled", 3, "the end of a cancelled run")
    held.set()
    service.process.send_signal(signal.SIGTERM)
    equal(service.process.wait(20), 0, "exit of the service")
    server.stop()


def test():
    for kind in databases():
        test_formats(kind)
        test_rejects(kind)
    test_compressed()
    test_link()
    test_cursor()
    test_page_and_offset()
    test_credentials()
    test_post()
    test_redirects()
    test_tls()
    test_check_and_plan()
    test_validate()
    test_serve()


main(test)
