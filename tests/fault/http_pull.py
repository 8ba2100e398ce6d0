"""Servers that fail, lie, stall, loop and lead astray.

usage: http_pull.py ROWS     of the load whose memory is measured
SPDX-License-Identifier: Apache-2.0
"""
import email.utils
import gzip
import json
import os
import re
import signal
import socket
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import PENSTOCK, books, check, equal, main, newdb, peak, penstock, run, start, tmp, wait_until
from http_pages import Answer, Server, certificate, loaded, pipeline, rows, wanted

ROWS = int(sys.argv[1])
QUICK = "retries: 2, retry_wait: 10ms"
SECRET = "se-cr-et-9"


def raw(*pieces):
    """Writes these bytes, sleeping where a number stands."""
    def write(file):
        for piece in pieces:
            if isinstance(piece, (int, float)):
                file.flush()
                time.sleep(piece)
            else:
                file.write(piece)
    return Answer(raw=write)


def head(status=200, **headers):
    lines = ["HTTP/1.1 %d Told" % status] + ["%s: %s" % (name.replace("_", "-"), value) for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def file_of(name, server, options, path="/rows"):
    return pipeline(name, 'url: "%s%s?key=%s", token: %s%s' % (server.url, path, SECRET, SECRET, ", " + options if options else ""))


def refused(name, answer, words, options="", code=4, tries=None, tls=False):
    """The load ends with this code and these words, and leaves nothing."""
    server = Server(answer, tls=tls)
    db = newdb("sqlite")
    began = time.monotonic()
    done = run(file_of(name, server, options if "retries" in options else QUICK + (", " + options if options else "")), db=db, code=code)
    check(re.search(words, done.err), "%s: no word of %r: %s" % (name, words, done.tail()))
    check(SECRET not in done.err + done.out, "%s shows the secret: %s" % (name, done.tail()))
    equal(db.count("t"), 0, "%s: rows of a load that failed" % name)
    if tries is not None:
        equal(len(server.seen), tries, "%s: requests: %s" % (name, done.err))
    server.stop()
    return time.monotonic() - began


def test_flaky():
    """Each page fails in a way of its own before it comes: the rows are there once."""
    whole = json.dumps(rows(1, 1)).encode()
    troubles = [Answer("busy", status=503), Answer("much", status=429, headers={"Retry-After": "0"}), Answer(status=408), raw(b""), raw(b"HTTP/1.1 2"),
                raw(head(Content_Length=len(whole) + 500), whole), raw(head(Content_Length=500), whole[:20]),
                raw(head(Transfer_Encoding="chunked"), b"14\r\n" + whole[:20] + b"\r\n"), raw(head(Transfer_Encoding="chunked"), b"zz\r\n"),
                Answer(status=500), Answer(status=502), Answer(status=599)]
    failed = set()

    def answer(request):
        page = int(request.query.get("page", 1))
        if page not in failed:
            failed.add(page)
            return troubles[page - 1] if page <= len(troubles) else Answer(status=504)
        return Answer(rows(page * 5, page * 5 + 4) if page <= len(troubles) else [])
    server = Server(answer)
    db = newdb("sqlite")
    done = run(file_of("flaky", server, QUICK + ", paging: page"), db=db)
    equal(loaded(db), wanted(5, 5 * len(troubles) + 4), "rows")
    equal(done.json["read"], 5 * len(troubles), "read")
    equal(len(server.seen), 2 * (len(troubles) + 1), "requests")
    server.stop()
    print("flaky: %d kinds of trouble" % len(troubles))


def test_retries():
    refused("always", lambda request: Answer(status=503), r"/rows: status 503 instead of 200 \(tried 3 times\)", tries=3)
    refused("cut", lambda request: raw(head(Content_Length=500), b"[{}"), r"cut off: .*tried 3 times", tries=3)
    refused("not_again", lambda request: Answer(status=400), "status 400", tries=1)
    refused("partial", lambda request: Answer(rows(1, 1), status=206), "status 206", tries=1)
    refused("patience", lambda request: Answer(status=429, headers={"Retry-After": "3600"}), "asks to wait 3600 s, longer than retry_time", tries=1)
    # Both forms of Retry-After are waited for.
    for form in (lambda: "1", lambda: email.utils.formatdate(time.time() + 2, usegmt=True)):
        seen = []

        def answer(request):
            seen.append(time.monotonic())
            return Answer(rows(1, 2)) if len(seen) > 1 else Answer(status=503, headers={"Retry-After": form()})
        server = Server(answer)
        run(file_of("asked", server, QUICK), db=newdb("sqlite"))
        check(seen[1] - seen[0] >= 0.9, "Retry-After was not waited for: %.2f s" % (seen[1] - seen[0]))
        server.stop()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = run(pipeline("nobody", 'url: "http://127.0.0.1:%d/x", %s' % (closed.getsockname()[1], QUICK)), db=newdb("sqlite"), code=4)
        check("no answer" in done.err and "tried 3 times" in done.err, done.tail())
    done = run(pipeline("no_name", 'url: "http://no-such-host.invalid/x", %s' % QUICK), db=newdb("sqlite"), code=4)
    check("no-such-host.invalid/x: no answer" in done.err, done.tail())


def test_lies():
    body = json.dumps(rows(1, 40)).encode()
    lines = "".join(json.dumps(row) + "\n" for row in rows(1, 40)).encode()
    refused("short_length", lambda request: raw(head(Content_Length=len(body) - 100), body), "page|truncated", tries=1)
    refused("unbounded", lambda request: raw(head(), lines), "neither Content-Length nor chunks", "format: ndjson", tries=1)
    refused("two_lengths", lambda request: raw(head(Content_Length=3) [:-2] + b"Content-Length: 900\r\n\r\n", body), ".")
    refused("no_http", lambda request: raw(b"SSH-2.0-OpenSSH\r\n\r\n"), "no answer|0.9")
    refused("headers", lambda request: raw(b"HTTP/1.1 200 OK\r\n", *[b"X-%d: %s\r\n" % (n, b"y" * 8000) for n in range(50)], b"\r\n"), "headers of the answer|no answer")
    refused("encoding", lambda request: Answer(b"x", headers={"Content-Encoding": "br"}), "encoded as br, which was not asked for", tries=1)
    refused("twice", lambda request: raw(head(Content_Encoding="gzip", content_encoding="gzip", Content_Length=1), b"x"), "encoded as gzip", tries=1)
    refused("no_gzip", lambda request: Answer(body, headers={"Content-Encoding": "gzip"}), "cannot be decompressed", tries=1)
    squeezed = gzip.compress(lines)
    for name, cut in (("half", squeezed[:len(squeezed) // 2]), ("no_end", squeezed[:-8]), ("no_crc", squeezed[:-3])):
        refused("gzip_" + name, lambda request: Answer(cut, headers={"Content-Encoding": "gzip"}), "decompress|cut off", "format: ndjson")
    wrong = squeezed[:-6] + bytes([squeezed[-6] ^ 1]) + squeezed[-5:]
    refused("gzip_crc", lambda request: Answer(wrong, headers={"Content-Encoding": "gzip"}), "decompress|cut off", "format: ndjson")


def test_bombs():
    """10,000 to 1, and endless: stopped at the bound, on disk and in memory."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b" " * (1 << 20)
    bomb = b"".join(squeeze.compress(zeros) for _ in range(300)) + squeeze.flush()
    refused("bomb", lambda request: Answer(bomb, headers={"Content-Encoding": "gzip"}), "larger than max_page or max_bytes", "max_page: 8MiB", tries=1)

    def endless(file):
        file.write(head(Transfer_Encoding="chunked"))
        while True:
            file.write(b"100000\r\n" + zeros + b"\r\n")
    refused("endless", lambda request: Answer(raw=endless), "larger than max_page", "max_page: 8MiB", tries=1)
    refused("pages", lambda request: Answer(rows(int(request.query["page"]) * 50, int(request.query["page"]) * 50 + 49)), "page 3: the answer is larger",
            "paging: page, max_bytes: 6000", tries=3)
    refused("error_page", lambda request: Answer(zeros * 8, status=404), "status 404", tries=1)


def test_slow():
    body = json.dumps(rows(1, 40)).encode()
    spent = refused("drip", lambda request: raw(head(Content_Length=len(body)), *[part for n in range(60) for part in (body[n:n + 1], 0.1)]), "too slow",
                    "timeout: 1s, retries: 0")
    check(spent < 5, "timeout: took %.1f s" % spent)
    spent = refused("stall", lambda request: raw(head(Content_Length=len(body)), body[:10], 8), "too slow", "stall_time: 1s, min_speed: 100, retries: 0")
    check(spent < 6, "stall: took %.1f s" % spent)
    with socket.socket() as mute:  # accepts, and never says a word
        mute.bind(("127.0.0.1", 0))
        mute.listen(5)
        done = run(pipeline("mute", 'url: "https://127.0.0.1:%d/x", connect_timeout: 300ms, retries: 0' % mute.getsockname()[1]), db=newdb("sqlite"), code=4)
        check("too slow" in done.err, done.tail())


def test_cancel():
    """SIGINT and SIGTERM end it within a second or so, wherever it waits, with nothing written."""
    body = json.dumps(rows(1, 40)).encode()
    waits = {"body": lambda request: raw(head(Content_Length=len(body)), body[:100], 30), "answer": lambda request: raw(30, b""),
             "retry": lambda request: Answer(status=503, headers={"Retry-After": "60"}),
             "second": lambda request: Answer(rows(1, 50)) if request.query.get("page") == "1" else raw(30, b"")}
    for number, (where, answer) in enumerate(waits.items()):
        server = Server(answer)
        db = newdb("sqlite")
        file = file_of("cancel_" + where, server, "paging: page")
        process = start("run", file, "--json", db=db, stdout=tmp("cancel.out"), stderr=tmp("cancel.err"))
        wait_until(lambda: len(server.seen) >= (2 if where == "second" else 1), 20, "a request")
        time.sleep(0.2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT if number % 2 else signal.SIGTERM)
        code = process.wait(20)
        spent = time.monotonic() - began
        equal(code, 130 if number % 2 else 143, "exit in " + where)
        check(spent < 2, "%s: the end took %.1f s" % (where, spent))
        with open(tmp("cancel.out")) as out:
            books(json.load(out), code)
        equal(db.count("t"), 0, "rows of a cancelled load")
        server.stop()


def test_loops():
    circle = {"1": "2", "2": "3", "3": "4", "4": "2"}

    def cursor(request):
        return Answer({"next": circle[request.query.get("after", "1")], "rows": []})
    refused("circle", cursor, "lead in a circle", "paging: cursor, cursor: /next, cursor_parameter: after, pointer: /rows")
    refused("self", lambda request: Answer(rows(1, 1), headers={"Link": '<?a=1>; rel="next"'}), "lead in a circle", "paging: link")
    refused("deaf", lambda request: Answer(rows(1, 10)), 'page 2: has the same bytes as the page before it: .* parameter "page"', "paging: page", tries=2)
    refused("many", lambda request: Answer(rows(int(request.query["offset"]), int(request.query["offset"]))), r"more pages follow than max_pages \(5\)",
            "paging: offset, max_pages: 5", tries=5)
    refused("link", lambda request: Answer(rows(1, 1), headers={"Link": "<https://x"}), "Link header cannot be read", "paging: link")
    refused("cursor_object", lambda request: Answer({"next": {}, "rows": []}), "leads to an object", "paging: cursor, cursor: /next, pointer: /rows")
    refused("cursor_long", lambda request: Answer({"next": "x" * 70000, "rows": []}), "longer than", "paging: cursor, cursor: /next, pointer: /rows")
    refused("cursor_words", lambda request: Answer({"next": "not a url \x01", "rows": []}), "an address|address", "paging: cursor, cursor: /next, pointer: /rows")
    hops = lambda request: Answer(status=302, headers={"Location": "/rows?hop=%d" % (int(request.query.get("hop", 0)) + 1)})  # noqa: E731
    refused("hops", hops, r"more than 5 redirects", tries=6)


def to(location, status=302):
    return lambda request: Answer(status=status, headers={"Location": location} if location else {})


def test_traps():
    """A second server that must never be asked: every way to it is one that was not allowed."""
    inner = Server(lambda request: Answer(rows(1, 3)))
    port = inner.port
    own_name = socket.gethostname()
    listed = 'allow_hosts: ["127.0.0.1:%d", "localhost:%d", "[::1]:%d", "%s:%d", "2130706433:%d", "127.1:%d", "[::ffff:127.0.0.1]:%d"]' % (
        port, port, port, own_name, port, port, port, port)
    for number, host in enumerate(("127.0.0.1", "localhost", "[::1]", "2130706433", "127.1", "0x7f.0.0.1", "[::ffff:127.0.0.1]", "127.0.0.1.", "LOCALHOST")):
        there = "http://%s:%d/rows" % (host, port)
        refused("stranger%d" % number, to(there), "list its host in allow_hosts", tries=1)
        refused("private%d" % number, to(there), "private address|list its host", listed, tries=1)
        refused("linked%d" % number, lambda request: Answer(rows(1, 3), headers={"Link": '<%s>; rel=next' % there}), "private address|list its host",
                listed + ", paging: link", tries=1)
    try:
        resolved = socket.getaddrinfo(own_name, port, socket.AF_INET)[0][4][0]
    except OSError:
        resolved = ""
    if resolved.startswith(("127.", "10.", "172.", "192.168.")):
        refused("resolved", to("http://%s:%d/rows" % (own_name, port)), "private address " + re.escape(resolved), listed, tries=1)
    else:
        print("left out: the name of this machine has no private address")
    for location, words in (("file:///etc/passwd", "http:// or https://"), ("gopher://127.0.0.1:%d/x" % port, "http:// or https://"), ("ftp://h/x", "http:// or https://"),
                            ("http://me:pw@127.0.0.1:%d/rows" % port, "must not hold user"), ("", "without a Location"),
                            ("http://169.254.169.254/latest/meta-data", "list its host")):
        refused("scheme", to(location), words, tries=1)
    refused("metadata", to("http://169.254.169.254/latest/meta-data"), "private address 169.254.169.254", "allow_hosts: 169.254.169.254", tries=1)
    refused("down", to("http://127.0.0.1:%d/rows" % port), "from https", "allow_private: true, ca_file: %s, %s" % (certificate()[0], listed), tries=1, tls=True)
    for status in (307, 308):
        refused("post", to("http://127.0.0.1:%d/rows" % port, status), "redirects a POST", "allow_private: true, method: POST, body: %s, %s" % (SECRET, listed), tries=1)
    equal(inner.seen, [], "requests to the inner server")
    inner.stop()


def test_memory():
    """Resident memory is that of a small load, however many pages come and however large one is."""
    size = 1000

    def answer(request):
        if request.path == "/one":
            def stream(file):
                file.write(head(Transfer_Encoding="chunked"))
                for first in range(1, ROWS + 1, size):
                    data = "".join(json.dumps(row) + "\n" for row in rows(first, min(first + size - 1, ROWS))).encode()
                    file.write(b"%x\r\n%s\r\n" % (len(data), data))
                file.write(b"0\r\n\r\n")
            return Answer(raw=stream)
        begin = int(request.query.get("offset", 0))
        return Answer(rows(begin + 1, min(begin + size, int(request.query["n"]))))
    server = Server(answer)
    figures = []
    for options, path in (("paging: offset, parameters: { n: 1000 }", "/rows"), ("paging: offset, parameters: { n: %d }" % ROWS, "/rows"), ("format: ndjson", "/one")):
        db = newdb("sqlite")
        done, mib = peak(file_of("memory", server, options, path), db=db)
        figures.append(mib)
        equal(db.count("t"), done.json["written"], "rows")
    print("memory: %s MiB for 1,000 rows, %d rows in pages, in one page" % (", ".join("%.0f" % mib for mib in figures), ROWS))
    sanitized = PENSTOCK == os.environ.get("PENSTOCK_SAN") and b"__asan_init" in open(PENSTOCK, "rb").read()
    check(sanitized or max(figures) < 128, "resident memory: %s MiB" % figures)
    server.stop()


def test():
    for part in (test_flaky, test_retries, test_lies, test_bombs, test_slow, test_cancel, test_loops, test_traps, test_memory):
        began = time.monotonic()
        part()
        print("%s: %.1f s" % (part.__name__, time.monotonic() - began))


main(test)
