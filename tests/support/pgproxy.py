"""A proxy between a client and PostgreSQL that breaks the connection at the n-th COMMIT which passes through it.

SPDX-License-Identifier: Apache-2.0
"""
import re
import socket
import struct
import threading

BEFORE, AFTER = "before", "after"


class Proxy:
    """Listens on a free port of the loopback; port says which."""

    def __init__(self, host, port):
        self.target = (host, int(port))
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.arm(0, None)
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, at, how, refuse=False):
        """Break at COMMIT number at (0: never); how: BEFORE it is passed on, or AFTER the server has answered it.
        refuse: no new connection is let through once it broke."""
        with self.lock:
            self.at, self.how, self.refuse, self.commits, self.broke, self.connections = at, how, refuse, 0, False, 0

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            with self.lock:
                closed = self.refuse and self.broke
                self.connections += 1
            if closed:
                client.close()
                continue
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = Pair(self, client, server)
            threading.Thread(target=pair.upward, daemon=True).start()
            threading.Thread(target=pair.downward, daemon=True).start()

    def is_the_one(self):
        with self.lock:
            self.commits += 1
            if self.at and self.commits == self.at and not self.broke:
                self.broke = True
                return True
        return False


def is_commit(kind, body):
    if kind == b"Q":
        text = body
    elif kind == b"P":
        text = body.split(b"\0", 2)[1]
    else:
        return False
    return re.search(rb"(^|;)\s*(commit|end)\b", text, re.I) is not None


class Pair:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.swallow = False

    def close(self):
        for side in (self.client, self.server):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            side.close()

    def messages(self):
        """Whole messages of the client. The first has no type byte, nor has one that asks for TLS or GSSAPI before it."""
        data, started = b"", False
        while True:
            piece = self.client.recv(65536)
            if not piece:
                return
            data += piece
            while True:
                head = 1 if started else 0
                if len(data) < head + 4:
                    break
                size = head + struct.unpack_from("!I", data, head)[0]
                if len(data) < size:
                    break
                message, data = data[:size], data[size:]
                yield started, message
                if not started:
                    started = struct.unpack_from("!I", message, 4)[0] not in (80877103, 80877104)

    def upward(self):
        """Client to server, message by message."""
        try:
            for started, message in self.messages():
                if started and is_commit(message[:1], message[5:]) and self.proxy.is_the_one():
                    if self.proxy.how == BEFORE:
                        break
                    self.swallow = True
                self.server.sendall(message)
        except OSError:
            pass
        # While an answer is being swallowed, the other side closes.
        if not self.swallow:
            self.close()

    def downward(self):
        """Server to client; while swallowing, to nobody, until the server says that it is ready."""
        held = b""
        try:
            while True:
                piece = self.server.recv(65536)
                if not piece:
                    break
                if self.swallow:
                    held += piece
                    if held.endswith(b"Z\0\0\0\5I"):
                        break
                    continue
                self.client.sendall(piece)
        except OSError:
            pass
        self.close()
