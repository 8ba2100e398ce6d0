"""Clients that send batches under Idempotency-Keys, and send them again until they are told what became of them, while the service dies.

What must be there afterwards is counted from the answers that the clients got.
SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import http_service  # noqa: E402
from harness import TOP, check, databases, equal, main, newdb  # noqa: E402

KILLS, CLIENTS = int(sys.argv[1]), int(sys.argv[2])
ROWS = 40
PIPELINE = os.path.join(TOP, "pipelines/ingest.yaml")


class Client(threading.Thread):
    def __init__(self, number, world):
        super().__init__(daemon=True)
        self.number, self.world, self.random = number, world, random.Random(number)
        self.written, self.rejected, self.batches, self.replayed, self.again = 0, 0, 0, 0, 0
        self.trouble = None

    def run(self):
        try:
            while not self.world.stop.is_set():
                self.batch()
        except Exception as bad:  # told by the main thread
            self.trouble = bad

    def batch(self):
        first = (self.number * 100000 + self.batches) * ROWS
        rows = [[first + i, "n" if i % 10 else None, "2021-11-07T02:48:42Z", 1, 1] for i in range(ROWS)]
        body = json.dumps({"hired_employees": rows})
        headers = dict(http_service.JSON, **{"Idempotency-Key": "%d-%d" % (self.number, self.batches)})
        while True:
            answer = self.once(body, headers)
            if answer is None:
                self.again += 1
                time.sleep(0.02 + self.random.random() / 20)
                continue
            status, replayed, said = answer
            if status in (409, 503, 429):
                time.sleep(0.05)
                continue
            check(status == 200, "client %d: %d %r" % (self.number, status, said))
            equal((said["received"], said["written"], said["rejected"]), (ROWS, ROWS - ROWS // 10, ROWS // 10), "a batch")
            self.written += said["written"]
            self.rejected += said["rejected"]
            self.replayed += replayed
            self.batches += 1
            return

    def once(self, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=60)
        try:
            connection.request("POST", "/v1/ingest/ingest", body=body, headers=headers)
            got = connection.getresponse()
            return got.status, got.getheader("Idempotency-Replayed") == "true", json.loads(got.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()


class World:
    def __init__(self, db):
        self.db, self.stop = db, threading.Event()
        self.service = http_service.Service([PIPELINE], env={"PENSTOCK_DB": db.connect}, name="kill-" + db.kind)
        self.port = self.service.port
        made = self.service.post("/v1/ingest/ingest", {"departments": [[1, "d"]], "jobs": [[1, "j"]]})
        equal(made.status, 200, "the parents")

    def restart(self):
        self.service.process.send_signal(signal.SIGKILL)
        self.service.process.wait()
        self.service = http_service.Service([PIPELINE], env={"PENSTOCK_DB": self.db.connect}, name="kill-" + self.db.kind,
                                            listen="127.0.0.1:%d" % self.port)


def test():
    for kind in databases():
        db = newdb(kind)
        world = World(db)
        clients = [Client(number, world) for number in range(1, CLIENTS + 1)]
        for client in clients:
            client.start()
        met, tries = 0, 0
        while met < KILLS and tries < 3 * KILLS:
            tries += 1
            time.sleep(0.3 + random.random() * 0.7)
            before = sum(client.again for client in clients)
            world.restart()
            met += sum(client.again for client in clients) > before
        time.sleep(0.5)
        world.stop.set()
        for client in clients:
            client.join(120)
            check(not client.is_alive(), "client %d has no answer" % client.number)
            if client.trouble:
                raise client.trouble
        world.service.stop()
        batches = sum(client.batches for client in clients)
        equal(db.count("hired_employees"), sum(client.written for client in clients), "%s: acknowledged rows" % kind)
        equal(db.count("penstock_rejects"), sum(client.rejected for client in clients), "%s: acknowledged rejects" % kind)
        equal(db.count("penstock_idempotency"), batches, "%s: answers" % kind)
        equal(db.count("penstock_runs", "kind = 'ingest'"), batches + 1, "%s: requests in the history" % kind)
        check(met >= KILLS, "%s: only %d of %d kills met requests" % (kind, met, tries))
        print("%s: %d kills, %d batches acknowledged, %d of them answered after the service had died with the answer"
              % (kind, met, batches, sum(client.replayed for client in clients)))


main(test)
