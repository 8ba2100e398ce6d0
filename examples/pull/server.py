"""A small service to fetch from: the sample of examples/hr as pages of JSON, behind a token, with a bad day now and then.

usage: HR_API_TOKEN=... python3 examples/pull/server.py [PORT]     prints the port once it listens
SPDX-License-Identifier: Apache-2.0
"""
import csv
import http.server
import json
import os
import sys
import urllib.parse

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hr/data")
FIELDS = {"departments": ["id", "department"], "jobs": ["id", "job"], "hired_employees": ["id", "name", "datetime", "department_id", "job_id"]}
PAGE = 100


def rows(table):
    with open(os.path.join(DATA, table + ".csv"), newline="", encoding="utf-8") as file:
        return [{name: cell or None for name, cell in zip(FIELDS[table], record)} for record in csv.reader(file)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self):
        Handler.requests += 1
        parts = urllib.parse.urlsplit(self.path)
        table = parts.path[len("/v1/"):]
        if self.headers.get("Authorization") != "Bearer " + os.environ["HR_API_TOKEN"]:
            self.answer(401, {"error": "no token, or a wrong one"})
        elif table not in FIELDS:
            self.answer(404, {"error": "there is no such table"})
        elif Handler.requests % 4 == 0:
            self.answer(503, {"error": "ask again"})
        else:
            begin = int(dict(urllib.parse.parse_qsl(parts.query)).get("after", 0))
            every = rows(table)
            end = begin + PAGE
            self.answer(200, {"data": every[begin:end], "next": str(end) if end < len(every) else None})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8081), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
