"""A way to a server that lets so many connections through, and that can be shut: then it says nothing any more, and lets nobody know.
(pgproxy.py is for what happens at a COMMIT.)

SPDX-License-Identifier: Apache-2.0
"""
import re
import socket
import threading


class Door(threading.Thread):
    """Listens on a free port of the loopback; port says which. most: connections in all, those beyond are closed; None: any number.
    open: an event; while it is cleared nothing passes."""

    def __init__(self, host, port, most=None):
        super().__init__(daemon=True)
        self.target, self.most, self.let_in, self.refused = (host, int(port)), most, 0, 0
        self.open = threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.start()

    def connect(self, db):
        """The connection string of a database of that server, through this door."""
        return re.sub(r"(?i)port=[0-9]+", "Port=%d" % self.port, db.connect)

    def run(self):
        while True:
            client, _ = self.listener.accept()
            if self.most is not None and self.let_in >= self.most:
                self.refused += 1
                client.close()
                continue
            self.let_in += 1
            server = socket.create_connection(self.target)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.pass_on, args=(one, other), daemon=True).start()

    def pass_on(self, one, other):
        try:
            while data := one.recv(65536):
                self.open.wait()
                other.sendall(data)
            self.open.wait()
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass
