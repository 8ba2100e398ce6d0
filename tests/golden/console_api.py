"""The console's files and the paths that it asks, of a running service.

Expected results are counted with SQL in the state tables, by Python in the files that were loaded, or are the files themselves.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/support"))
from harness import TOP, check, equal, main, newdb  # noqa: E402
from http_service import Service, key_line  # noqa: E402

KEY = {"Authorization": "Bearer right"}
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
         "png": "image/png", "json": "application/json", "webmanifest": "application/json"}
POLICY = {"default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "img-src": ["'self'", "data:"], "connect-src": ["'self'"],
          "base-uri": ["'none'"], "form-action": ["'none'"], "frame-ancestors": ["'none'"]}


def files_of_the_console():
    """Byte for byte the files of the source, without a key, with a tag that changes with them."""
    db = newdb("sqlite")
    service = Service(["pipelines/migrate.yaml"], "keys:\n" + key_line("one", "right", ["*:*"]), {"PENSTOCK_DB": db.connect}, name="files")
    folder = os.path.join(TOP, "engine/http/console")
    tags, total = set(), 0
    for name in sorted(os.listdir(folder)):
        if name.rsplit(".", 1)[-1] not in TYPES:
            continue
        with open(os.path.join(folder, name), "rb") as source:
            wanted = source.read()
        total += len(wanted)
        for path in ["/console/" + name] + ["/"] * (name == "index.html"):
            answer = service.ask("GET", path)
            equal((answer.status, answer.body), (200, wanted), path)
            head = answer.headers
            equal(head["content-type"], TYPES[name.rsplit(".", 1)[1]], "type of " + path)
            equal({part.split()[0]: part.split()[1:] for part in head["content-security-policy"].split(";")}, POLICY, "policy of " + path)
            equal((head["cache-control"], head["x-content-type-options"]), ("no-cache", "nosniff"), "head of " + path)
            same = service.ask("GET", path, headers={"If-None-Match": 'W/"other", ' + head["etag"]})
            equal((same.status, same.body, same.headers.get("content-length"), same.headers["etag"]), (304, b"", None, head["etag"]), "again")
            equal(service.ask("GET", path, headers={"If-None-Match": '"other"'}).status, 200, "another tag")
            asked = service.ask("HEAD", path)
            equal((asked.status, asked.body, asked.headers["content-length"]), (200, b"", str(len(wanted))), "HEAD of " + path)
            tags.add((head["etag"], name))
    equal(len({tag for tag, name in tags}), len(tags), "a tag for each file")
    check(0 < total < 200 * 1024, "the console has %d bytes" % total)
    for path in ("/console/other.js", "/console/..%2Fservice.h", "/console/%2Fetc%2Fpasswd"):
        service.ask("GET", path).problem(404, path)
    equal(service.ask("POST", "/").status, 405, "POST /")
    service.ask("GET", "/v1/pipelines").problem(401, "without a key")
    service.stop()
    service = Service(["pipelines/migrate.yaml"], "console: false\n", {"PENSTOCK_DB": db.connect}, name="none")
    for path in ("/", "/console/index.html"):
        service.ask("GET", path).problem(404, "console: false")
    service.stop()
    print("%d files of the console, %d bytes" % (len(tags), total))


def test():
    files_of_the_console()


main(test)
