"""A proxy between a client and PostgreSQL or MariaDB that breaks the connection at the n-th COMMIT which passes through it, or after so many
bytes, or is slow; it counts round trips.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import re
import socket
import struct
import threading
import time

BEFORE, AFTER = "before", "after"
SO_ATTACH_FILTER = 26


class Proxy:
    """Listens on a free port of the loopback; port says which."""

    def __init__(self, host, port, kind="postgresql"):
        self.target, self.kind = (host, int(port)), kind
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.turns = 0  # how often the server answered after the client had asked something
        self.arm(0, None)
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, at, how, refuse=False, bytes_up=0, silent=False, meanwhile=None, delay=0.0):
        """Break at COMMIT number at (0: never); how: BEFORE it is passed on, or AFTER the server has answered it.
        refuse: no new connection is let through once it broke. bytes_up: break once so many bytes went to the server (0: never).
        silent: where it breaks, nothing arrives any more, on either side, and nobody is told. meanwhile: called where it breaks.
        delay: seconds by which each piece of an answer comes late."""
        with self.lock:
            self.at, self.how, self.refuse, self.commits, self.broke, self.connections = at, how, refuse, 0, False, 0
            self.bytes_up, self.silent, self.meanwhile, self.delay, self.passed = bytes_up, silent, meanwhile, delay, 0

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

    def is_far_enough(self, length):
        with self.lock:
            self.passed += length
            if self.bytes_up and self.passed >= self.bytes_up and not self.broke:
                self.broke = True
                return True
        return False

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


def is_mariadb_commit(packet):
    """A packet of the protocol of MariaDB: three bytes of length, a number, the command (3: a statement as text)."""
    return re.fullmatch(rb"\s*commit\s*;?\s*", packet[5:], re.I) is not None and packet[4] == 3


class Pair:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.swallow = self.asked = False

    def hush(self):
        """From now on both sides are as if the cable were cut: the kernel drops what comes for them before it is acknowledged."""
        instructions = struct.pack("HBBI", 0x06, 0, 0, 0)  # return 0: nothing of the packet is let through
        held = ctypes.create_string_buffer(instructions)
        program = struct.pack("HL", 1, ctypes.addressof(held))
        for side in (self.client, self.server):
            side.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def broken(self):
        """What happens where it breaks; True: the connection is to be closed."""
        if self.proxy.meanwhile:
            self.proxy.meanwhile()
        if self.proxy.silent:
            self.swallow = True
            self.hush()
        return not self.proxy.silent

    def close(self):
        for side in (self.client, self.server):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            side.close()

    def packets(self):
        """Whole packets of a client of MariaDB."""
        data = b""
        while True:
            piece = self.client.recv(65536)
            if not piece:
                return
            data += piece
            while len(data) >= 4:
                size = 4 + int.from_bytes(data[:3], "little")
                if len(data) < size:
                    break
                message, data = data[:size], data[size:]
                yield message

    def messages(self):
        """Whole messages of a client of PostgreSQL. The first has no type byte, nor has one that asks for TLS or GSSAPI before it."""
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

    def judged(self):
        """Messages of the client, and whether they commit."""
        if self.proxy.kind == "mariadb":
            for message in self.packets():
                yield message, len(message) > 5 and is_mariadb_commit(message)
        else:
            for started, message in self.messages():
                yield message, started and is_commit(message[:1], message[5:])

    def upward(self):
        """Client to server, message by message."""
        try:
            for message, commits in self.judged():
                if commits and self.proxy.is_the_one():
                    if self.proxy.how == BEFORE:
                        if self.broken():
                            break
                        return
                    self.swallow = True
                if self.proxy.is_far_enough(len(message)):
                    if self.broken():
                        break
                    return
                self.asked = True
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
                    # MariaDB answers a COMMIT with one packet.
                    if self.proxy.kind == "mariadb" or held.endswith(b"Z\0\0\0\5I"):
                        if self.broken():
                            break
                        return
                    continue
                if self.asked:
                    self.asked = False
                    with self.proxy.lock:
                        self.proxy.turns += 1
                if self.proxy.delay:
                    time.sleep(self.proxy.delay)
                self.client.sendall(piece)
        except OSError:
            pass
        if not (self.swallow and self.proxy.silent):
            self.close()
