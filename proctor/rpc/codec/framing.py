"""Bytes on a socket, in frames."""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

import socket
import struct
import time
from array import array
from dataclasses import dataclass
from itertools import accumulate

from proctor.errors import WallError, WallTimeout

_now = time.monotonic
_MOMENT = 0.02  # seconds that a deadline may be missed by


@dataclass(frozen=True)
class Limits:
    """What may cross. Both ends keep to it; the trusted one insists."""

    message_bytes: int = 256 << 20  # of one message, and of the arrays that it describes
    total_bytes: int = 4 << 30  # of one test, both ways
    structure_bytes: int = 32 << 20  # of one message without its buffers
    items: int = 1_000_000  # in the containers of one message
    depth: int = 100  # containers within containers
    calls_deep: int = 32  # calls within calls, over the wall
    shared: int = 200_000  # objects that both ends hold
    integer_digits: int = 100_000  # hexadecimal
    watched: int = 64  # objects looked at for changes, besides those of the calls under way
    watched_bytes: int = 16 << 20  # of all of these


_CLOSED = "the student's kernel is gone (it closed the connection)"


class Channel:
    """Frames over a connected stream socket: a head, the sizes, the structure, the buffers.

    deadline  in seconds of ``time.monotonic``, or None: until then, sending and receiving may take
    carried   number of bytes that have crossed, both ways
    """

    _HEAD = struct.Struct("<4sII")
    _MAGIC = b"wall"
    _AT_ONCE = 1 << 16
    _FIRST = 8 << 20

    def __init__(self, sock, limits):
        self._socket, self._limits = sock, limits
        self.deadline, self.carried = None, 0
        self._patience = sock.gettimeout()
        self._ahead, self._at = b"", 0  # what came in one go, and how much of it has been read
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)

    def send(self, structure, buffers):
        """Send one frame. Raises ``WallError``."""
        head = self._HEAD.pack(self._MAGIC, len(structure), len(buffers))
        parts = [head + structure]
        if buffers:
            sizes = array("Q", map(len, buffers))
            parts = [head + sizes.tobytes() + structure, *buffers]
            if sum(sizes) < self._AT_ONCE:
                parts = [b"".join(parts)]
        self.carried += sum(map(len, parts))
        try:
            for part in parts:
                self._be_patient()
                self._socket.sendall(part)
        except TimeoutError:
            raise WallTimeout("the student's kernel did not take the call in time") from None
        except OSError as error:
            raise WallError(f"the student's kernel is gone ({error.strerror or error})") from None

    def receive(self):
        """Return the next frame's structure (bytes) and buffers. Raises ``WallError``."""
        try:
            return self._receive()
        except TimeoutError:
            raise WallTimeout("the student's kernel did not answer in time") from None
        except OSError as error:
            raise WallError(f"the student's kernel is gone ({error.strerror or error})") from None

    def _receive(self):
        magic, structure, count = self._HEAD.unpack(self._read(self._HEAD.size))
        if magic != self._MAGIC:
            raise WallError("the student's kernel sent something that is no message")
        self._admit(max(structure, 8 * count), self._limits.structure_bytes)
        sizes = array("Q", self._read(8 * count)) if count else ()
        body = sum(sizes)
        self._admit(structure + body, self._limits.message_bytes)
        self.carried += self._HEAD.size + 8 * count + structure + body
        content = bytes(self._read(structure))
        if not count:
            return content, []
        if body >= self._AT_ONCE:
            return content, [self._read(size) for size in sizes]
        rest, starts = memoryview(self._read(body)), accumulate(sizes, initial=0)
        return content, [
            rest[start : start + size] for start, size in zip(starts, sizes, strict=False)
        ]

    def _admit(self, size, most):
        if size > most:
            raise WallError(
                f"the student's kernel sent a message of {size:,} bytes; at most {most:,} may cross"
            )

    def close(self):
        """Close the socket."""
        self._socket.close()

    def _read(self, size):
        at, end = self._at, self._at + size
        if end <= len(self._ahead):
            self._at = end
            return self._ahead[at:end]
        self._ahead, self._at = self._ahead[at:], 0
        if size <= self._AT_ONCE:  # many parts come in one go
            while len(self._ahead) < size:
                self._be_patient()
                chunk = self._socket.recv(self._AT_ONCE)
                if not chunk:
                    raise WallError(_CLOSED)
                self._ahead += chunk
            self._at = size
            return self._ahead[:size]
        buffer, got = bytearray(min(size, self._FIRST)), len(self._ahead)
        buffer[:got], self._ahead = self._ahead, b""
        while got < size:
            if got == len(buffer):  # grows with what has come, not with what was announced
                buffer.extend(bytes(min(size - got, got)))
            self._be_patient()
            with memoryview(buffer) as view, view[got:] as rest:
                count = self._socket.recv_into(rest)
            if not count:
                raise WallError(_CLOSED)
            got += count
        return buffer

    def _be_patient(self):
        if self.deadline is None:
            left = None
        else:
            left = self.deadline - _now()
            if left <= 0:
                raise TimeoutError
            if self._patience is not None and abs(self._patience - left) < _MOMENT:
                return  # setting it is a system call
        if left != self._patience:
            self._socket.settimeout(left)
            self._patience = left
