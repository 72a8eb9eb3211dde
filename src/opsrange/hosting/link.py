"""The runner's end of a control channel: requests and their answers on an asyncio loop."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from opsrange.errors import WorldError
from opsrange.hosting.channel import MAX_DESCRIPTORS, Deframer, decode_failure, frame
from opsrange.types import Json

_READ_BYTES = 1 << 18


class Link:
    """A connected control channel of the running loop.

    Args:
        connection: a connected Unix stream socket, owned from now on.
        peer: who is at the other end, for messages.
        notified: called with each message that answers no request, and its descriptors.
    """

    def __init__(
        self,
        connection: socket.socket,
        peer: str,
        notified: Callable[[Json, list[int]], None],
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._peer = peer
        self._notified = notified
        self._loop = asyncio.get_running_loop()
        self._deframer = Deframer()
        self._outbox: deque[tuple[memoryview, Sequence[socket.socket]]] = deque()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._sequence = 0
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the channel is closed from either side."""
        self._loop.add_reader(connection, self._readable)

    async def request(
        self,
        operation: str,
        fields: Json | None = None,
        *,
        sockets: Sequence[socket.socket] = (),
        timeout_s: float,
    ) -> Any:
        """Ask and wait for the answer.

        Raises:
            OpsrangeError: what the other side raised.
            WorldError: when the other side is gone or silent for ``timeout_s`` wall seconds.
        """
        self._sequence += 1
        number = self._sequence
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting[number] = answer
        try:
            self.send({"id": number, "op": operation} | (fields or {}), sockets)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise WorldError(
                f"asked {self._peer} for {operation!r}; no answer within {timeout_s:g} s of wall time"
            ) from None
        finally:
            self._waiting.pop(number, None)

    def send(self, message: Json, sockets: Sequence[socket.socket] = ()) -> None:
        """Queue a message that expects no answer. Copies of ``sockets`` travel with it.

        Raises:
            WorldError: when the channel is closed.
        """
        if self.ended.done():
            raise WorldError(f"{self._peer} is gone; asked it for {message.get('op')!r}")
        copies = [each.dup() for each in sockets]
        descriptors = [each.fileno() for each in copies]
        self._outbox.append((memoryview(frame(message, descriptors)), copies))
        self._writable()

    def close(self) -> None:
        """Close this end. Harmless when already closed."""
        if self.ended.done():
            return
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()
        self._deframer.close()
        for _, copies in self._outbox:
            _close_all(copies)
        self._outbox.clear()
        self.ended.set_result(None)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(WorldError(f"{self._peer} is gone"))

    def abandon(self) -> None:
        """Close the descriptor of a link whose loop is closed already."""
        self._connection.close()
        for _, copies in self._outbox:
            _close_all(copies)

    def _writable(self) -> None:
        try:
            while self._outbox:
                data, copies = self._outbox[0]
                sent = socket.send_fds(self._connection, [data], [c.fileno() for c in copies])
                _close_all(copies)
                self._outbox[0] = (data[sent:], ())
                if sent == len(data):
                    self._outbox.popleft()
        except BlockingIOError:
            self._loop.add_writer(self._connection, self._writable)
            return
        except OSError:
            self.close()
            return
        self._loop.remove_writer(self._connection)

    def _readable(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._connection, _READ_BYTES, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self.close()
            return
        self._deframer.feed(data, descriptors)
        while not self.ended.done() and (message := self._deframer.next()) is not None:
            self._dispatch(*message)

    def _dispatch(self, message: Json, descriptors: list[int]) -> None:
        if "id" not in message:
            self._notified(message, descriptors)
            return
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(decode_failure(message["error"]))
        else:
            answer.set_result(message.get("result"))


def _close_all(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()
