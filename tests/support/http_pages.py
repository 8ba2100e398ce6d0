"""A server of pages for the http source: tests give it a function from request to answer, which may be as broken as they like.

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import urllib.parse

from harness import Failed, tmp


class Request:
    """What came: method, path, query (dict of the last values), headers (lower case), body."""

    def __init__(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        self.method, self.path, self.target = handler.command, parts.path, handler.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = handler.rfile.read(int(self.headers.get("content-length", 0)))


class Answer:
    """status, headers, body; or raw: what is written instead of everything, a function that gets the socket's file."""

    def __init__(self, body=b"", status=200, headers=None, raw=None, zipped=False):
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.headers = dict(headers or {})
        if zipped:
            body = gzip.compress(body)
            self.headers["Content-Encoding"] = "gzip"
        self.body, self.status, self.raw = body, status, raw


class Server:
    """answer(request) -> Answer; every request is in .seen. With tls: a certificate for localhost and 127.0.0.1 of its own."""

    def __init__(self, answer, tls=False, host="127.0.0.1"):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                request = Request(self)
                with outer.lock:
                    outer.seen.append(request)
                made = outer.answer(request)
                try:
                    if made.raw:
                        made.raw(self.wfile)
                        self.wfile.flush()
                        self.close_connection = True
                        return
                    self.send_response(made.status)
                    for name, value in made.headers.items():
                        for one in value if isinstance(value, list) else [value]:
                            self.send_header(name, one)
                    if made.status != 204:
                        self.send_header("Content-Length", str(len(made.body)))
                    self.end_headers()
                    self.wfile.write(made.body)
                except OSError:
                    self.close_connection = True

            do_POST = do_HEAD = do_GET

            def log_message(self, *words):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def handle_error(self, *words):
                pass

        self.answer, self.seen, self.lock = answer, [], threading.Lock()
        self.server = Threads((host, 0), Handler)
        self.port = self.server.server_address[1]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate())
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "%s://%s:%d" % ("https" if tls else "http", "[%s]" % host if ":" in host else host, self.port)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def certificate(name="tls", subject="localhost", alternatives="DNS:localhost,IP:127.0.0.1"):
    """(certificate, key), made once."""
    paths = tmp(name + ".crt"), tmp(name + ".key")
    if not os.path.exists(paths[0]):
        done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                               "-subj", "/CN=" + subject, "-addext", "subjectAltName=" + alternatives, "-keyout", paths[1], "-out", paths[0]],
                              stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode:
            raise Failed("openssl: %s" % done.stderr.decode(errors="replace"))
    return paths


DICTIONARY = """resources:
  - name: t
    schema:
      fields:
        - { name: id, type: integer }
        - { name: name, type: string }
        - { name: price, type: number, precision: 12, scale: 2 }
      primaryKey: id
"""


def pipeline(name, source, sink="mode: append, create: true", rules="table: t", top=""):
    """Writes a pipeline of one step whose source has these options (text of YAML); gives its path."""
    with open(tmp("dictionary.yaml"), "w") as file:
        file.write(DICTIONARY)
    path = tmp(name + ".yaml")
    with open(path, "w") as file:
        file.write("version: 1\nname: %s\ndictionary: dictionary.yaml\n%sconnections: { db: { type: odbc, connect: \"${PENSTOCK_DB}\" } }\n"
                   "steps:\n  - name: load\n    source: { type: http, %s }\n    rules: { %s }\n"
                   "    sink: { type: odbc, connection: db, table: t, %s }\n" % (name, top, source, rules, sink))
    return path


def rows(first, last):
    """Records first to last, both included."""
    return [{"id": number, "name": "name %d" % number, "price": "%d.%02d" % (number, number % 100)} for number in range(first, last + 1)]


def wanted(first, last):
    return sorted((str(number), "name %d" % number) for number in range(first, last + 1))


def loaded(db):
    return sorted((row[0], row[1]) for row in db.query("select id, name from t"))
