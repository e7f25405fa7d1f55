"""JSON messages, and open files, between two processes of the grader over a socket."""

import json
import socket
import struct
import time

_LENGTH = struct.Struct("<Q")


class Closed(Exception):
    """The other end is gone, late, or sent what is no message."""


class MessageChannel:
    """One end of a connected stream socket that carries JSON objects.

    limit  the largest message accepted, in bytes
    """

    def __init__(self, sock, limit=256_000_000):
        self.socket, self.limit = sock, limit

    @classmethod
    def pair(cls):
        """Two connected channels."""
        return tuple(cls(sock) for sock in socket.socketpair())

    def send(self, message, fds=()):
        """Send a JSON-serialisable object, and open file descriptors with it."""
        body = json.dumps(message).encode()
        try:
            if fds:
                socket.send_fds(self.socket, [_LENGTH.pack(len(body))], list(fds))
                self.socket.sendall(body)
            else:
                self.socket.sendall(_LENGTH.pack(len(body)) + body)
        except OSError as error:
            raise Closed(f"the other end is gone ({error.strerror})") from None

    def receive(self, timeout=None):
        """Return the next message; raise Closed at the end, after ``timeout`` s, or at rubbish."""
        return self.receive_fds(0, timeout)[0]

    def receive_fds(self, most, timeout=None):
        """Return (message, file descriptors that came with it)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        head, fds = self._read(_LENGTH.size, deadline, most)
        (length,) = _LENGTH.unpack(head)
        if length > self.limit:
            raise Closed(f"a message of {length:,} bytes; the limit is {self.limit:,}")
        body, _ = self._read(length, deadline)
        try:
            return json.loads(body), fds
        except (ValueError, RecursionError):
            raise Closed("what came is no message") from None

    def _read(self, size, deadline, most=0):
        chunks, fds = [], []
        while size:
            self.socket.settimeout(_left(deadline))
            try:
                if most and not fds:
                    chunk, fds, _, _ = socket.recv_fds(self.socket, size, most)
                else:
                    chunk = self.socket.recv(min(size, 1 << 20))
            except TimeoutError:
                raise Closed("late") from None
            except OSError as error:
                raise Closed(f"the other end is gone ({error.strerror})") from None
            finally:
                self.socket.settimeout(None)
            if not chunk:
                raise Closed("the other end is gone")
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks), fds

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()


def _left(deadline):
    """Seconds to the deadline; a passed one still reads what is already there."""
    return None if deadline is None else max(deadline - time.monotonic(), 0.001)
