"""The control channel: a 4-byte length, a JSON object, and descriptors riding on the first byte.

Failures travel as documents: class, owner and message survive, objects do not.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Self

from opsrange.errors import OpsrangeError, WorldError
from opsrange.types import Json

MAX_DESCRIPTORS = 64
_HEAD_BYTES = 4
_READ_BYTES = 1 << 18


def frame(message: Json, descriptors: Sequence[int] = ()) -> bytes:
    """A message ready to be sent; it declares how many descriptors ride with it."""
    payload = json.dumps(message | {"descriptors": len(descriptors)}).encode()
    return len(payload).to_bytes(_HEAD_BYTES) + payload


def encode_failure(error: OpsrangeError) -> Json:
    """A failure as JSON."""
    return {"class": type(error).__name__, "message": str(error)}


def decode_failure(document: Json) -> OpsrangeError:
    """The failure that was encoded; a ``WorldError`` when its class is not one of the tree's."""
    for kind in _descendants(OpsrangeError):
        if kind.__name__ == document["class"]:
            return kind(document["message"])
    return WorldError(f"{document['class']}: {document['message']}")


def _descendants(kind: type[OpsrangeError]) -> Iterator[type[OpsrangeError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


class Deframer:
    """Bytes and descriptors in, messages out."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._descriptors: list[int] = []

    def feed(self, data: bytes, descriptors: Sequence[int]) -> None:
        """Take what one ``recvmsg`` gave."""
        self._bytes += data
        self._descriptors += descriptors

    def next(self) -> tuple[Json, list[int]] | None:
        """The next complete message with its descriptors, or ``None`` when more bytes are needed."""
        size = _HEAD_BYTES + int.from_bytes(self._bytes[:_HEAD_BYTES])
        if len(self._bytes) < max(size, _HEAD_BYTES):
            return None
        message: Json = json.loads(self._bytes[_HEAD_BYTES:size])
        del self._bytes[:size]
        count = message.pop("descriptors")
        taken, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        return message, taken

    def close(self) -> None:
        """Close descriptors nobody took."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []


class Channel:
    """One end of a control channel in a process without an event loop of its own. Blocking.

    Args:
        connection: a connected Unix stream socket, owned from now on.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        self._connection = connection
        self._deframer = Deframer()

    @classmethod
    def adopt(cls, descriptor: int) -> Self:
        """Own an inherited descriptor."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """For selectors."""
        return self._connection.fileno()

    def send(self, message: Json, descriptors: Sequence[int] = ()) -> bool:
        """Send a message with copies of ``descriptors``; false when the peer has gone."""
        data = frame(message, descriptors)
        try:
            sent = socket.send_fds(self._connection, [data], descriptors) if descriptors else 0
            self._connection.sendall(memoryview(data)[sent:])
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def receive(self) -> tuple[Json, list[int]] | None:
        """Wait for the next message; ``None`` at end of file."""
        while (message := self._deframer.next()) is None:
            try:
                data, descriptors, _, _ = socket.recv_fds(
                    self._connection, _READ_BYTES, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
                )
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._deframer.feed(data, descriptors)
        return message

    def pending(self) -> tuple[Json, list[int]] | None:
        """A message that has already arrived in full together with an earlier one."""
        return self._deframer.next()

    def close(self) -> None:
        """Close this end in this process."""
        self._deframer.close()
        self._connection.close()
