"""One client's TCP connection: bytes in, requests to the world, bytes out. HTTP/1.1 framing is h11's.

A connection is answered strictly in order. While it holds a stream, or while its last answer is not yet in the kernel's
hands, nothing further is read from it into requests; that bounds memory and keeps pipelining sane.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import socket
import struct
import termios
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from opsrange.wire import Request, Response, Stream
from opsrange.world import Kernel

MAX_HEAD_BYTES = 1 << 18
MAX_BODY_BYTES = 4 << 20
MAX_BEHIND_BYTES = 32 << 20
"""How far a client may lag behind its stream before it is dropped."""
ROUND_S = 0.25
"""After so much wall time of answering, the others have their turn."""
_READ_BYTES = 1 << 18
_BODILESS = frozenset({204, 304})

Answer = Callable[[str, Request], Response | Stream]
Report = Callable[[str, Request, Response], None]


class Connection:
    """A client of the world.

    Args:
        client: an accepted socket, owned from now on.
        address: the ``host:port`` it connected to, as the agent names it.
        kernel: for the ``Date`` header.
        answer: gives the world's answer; never raises.
        report: told of each answer once it is on its way.
    """

    def __init__(
        self, client: socket.socket, address: str, kernel: Kernel, answer: Answer, report: Report
    ) -> None:
        client.setblocking(False)
        self.client = client
        self.stream: Stream | None = None
        """What the client waits for."""
        self.closed = False
        self.unsent = False
        """Whether a stream has said something, or ended, since the last :meth:`flush`."""
        self.resting = False
        """Whether requests that have arrived wait for :meth:`proceed`, because others are to have their turn."""
        self._address = address
        self._kernel = kernel
        self._answer = answer
        self._report = report
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._head: h11.Request | None = None
        self._bodiless = False
        """Whether the present request is a HEAD, which is answered without a body."""
        self._body = bytearray()
        self._out = bytearray()
        self._hanging_up = False
        self._request: Request | None = None
        self._unreported = bytearray()
        """What the stream sent since it was last reported."""

    @property
    def behind(self) -> bool:
        """Whether bytes wait for the client to make room."""
        return bool(self._out)

    def drained(self) -> bool:
        """Whether everything sent has reached the client's own socket."""
        if self._out:
            return False
        try:
            queued = fcntl.ioctl(self.client, termios.TIOCOUTQ, b"\0\0\0\0")
        except OSError:
            return True
        return struct.unpack("i", queued) == (0,)

    def readable(self) -> None:
        """Take what the client sent; answer every request that is complete."""
        try:
            data = self.client.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        lags = len(self._http.trailing_data[0]) > MAX_HEAD_BYTES
        if self.stream is not None and (lags or not data):
            self.close()
            return
        if self._hanging_up:
            if not data:
                self.close()
            return
        try:
            self._http.receive_data(data)
        except h11.RemoteProtocolError:
            self.close()
            return
        self.proceed()

    def writable(self) -> None:
        """The client made room."""
        self._flush()
        if not self._out and not self.closed and not self._hanging_up:
            self.proceed()

    def collect(self) -> bool:
        """Move what the stream has to say into the outbox, without sending; true when there was something."""
        stream = self.stream
        if stream is None:
            return False
        chunks = [chunk for chunk in stream.take() if chunk]
        for chunk in chunks:
            self._queue(h11.Data(data=chunk))
            self._unreported += chunk
        deadline_ms = stream.deadline_ms
        if stream.finished or (deadline_ms is not None and self._kernel.now_ms >= deadline_ms):
            self._queue(h11.EndOfMessage())
            self._end_stream()
            chunks.append(b"")
        self.unsent = self.unsent or bool(chunks)
        return bool(chunks)

    def flush(self) -> None:
        """Send the outbox, as far as there is room; go on to the next request if the stream has ended."""
        self.unsent = False
        self._flush()
        if len(self._out) > MAX_BEHIND_BYTES:
            self.close()
        if not self._out and not self.closed and not self._hanging_up:
            self.proceed()

    def report_stream(self) -> None:
        """Report what the open stream sent since the last report."""
        if self.stream is not None and self._request is not None and self._unreported:
            body, self._unreported = bytes(self._unreported), bytearray()
            response = Response(self.stream.status, body, self.stream.content_type)
            self._report(self._address, self._request, response)

    def close(self) -> None:
        """Give the client up; the stream, if any, hears of it. The owner then closes the socket."""
        if not self.closed:
            self.closed = True
            self._end_stream()

    def disown(self) -> None:
        """In a fork: the client is the parent's. Nothing is reported."""
        if self.stream is not None:
            self.stream.close()
        self.client.close()

    def _end_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None and self._request is not None:
            response = Response(stream.status, bytes(self._unreported), stream.content_type)
            self._unreported.clear()
            stream.close()
            self._report(self._address, self._request, response)

    def proceed(self) -> None:
        """Work through what has been received until something is missing or must be waited for."""
        self.resting = False
        began_s = time.monotonic()
        while not (self.closed or self._out or self.stream or self._hanging_up):
            if self._http.our_state in {h11.MUST_CLOSE, h11.ERROR}:
                self._hang_up()
                return
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint, str(error))
                return
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    self._queue(h11.InformationalResponse(status_code=100, headers=[]))
                    self._flush()
                return
            if event is h11.PAUSED:
                self._http.start_next_cycle()
                self._bodiless = False
                if time.monotonic() - began_s > ROUND_S:
                    self.resting = True
                    return
            elif isinstance(event, h11.Request):
                self._head = event
                self._bodiless = event.method == b"HEAD"
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > MAX_BODY_BYTES:
                    self._refuse(413, f"the body exceeds {MAX_BODY_BYTES} bytes")
            elif isinstance(event, h11.EndOfMessage):
                self._complete()
            else:
                self.close()

    def _complete(self) -> None:
        """A whole request is here."""
        head, body = self._head, bytes(self._body)
        assert head is not None
        self._head = None
        self._body.clear()
        try:
            request = _parsed(head, body)
        except ValueError as error:
            self._refuse(400, str(error))
            return
        if request.method == "CONNECT":
            self._refuse(405, "no proxy here")
            return
        answer = self._answer(self._address, request)
        if isinstance(answer, Response):
            self._respond(answer, without_body=self._bodiless)
            self._report(self._address, request, answer)
        else:
            self._start(request, answer)
        self._flush()

    def _respond(self, response: Response, *, without_body: bool) -> None:
        body = response.body if response.status not in _BODILESS else b""
        headers = {
            "content-type": response.content_type,
            "content-length": str(len(body)),
            **response.headers,
        }
        if response.status in _BODILESS:
            del headers["content-length"], headers["content-type"]
        self._queue(self._opening(response.status, headers))
        if body and not without_body:
            self._queue(h11.Data(data=body))
        self._queue(h11.EndOfMessage())

    def _start(self, request: Request, stream: Stream) -> None:
        self._request = request
        self._queue(self._opening(stream.status, {"content-type": stream.content_type}))
        if self._bodiless:
            self._queue(h11.EndOfMessage())
            self.stream = stream
            self._end_stream()
            return
        self.stream = stream
        self.collect()

    def _opening(self, status: int, headers: Mapping[str, str]) -> h11.Response:
        date = format_datetime(
            datetime.fromtimestamp(self._kernel.now_ms // 1000, UTC), usegmt=True
        )
        return opening(status, {**headers, "date": date})

    def _refuse(self, status: int, why: str) -> None:
        """Answer what is not HTTP and hang up; the world never hears of it."""
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            response = Response(status, why.encode(), "text/plain", {"connection": "close"})
            with contextlib.suppress(
                h11.LocalProtocolError
            ):  # a client must not make it our failure
                self._respond(response, without_body=self._bodiless)
            self._flush()
        self._hang_up()

    def _hang_up(self) -> None:
        """Close once the outbox is empty, politely: the peer reads the answer before it sees a reset."""
        if self.closed or self._hanging_up:
            return
        self._hanging_up = True
        if not self._out:
            self._half_close()

    def _half_close(self) -> None:
        try:
            self.client.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def _queue(self, event: h11.Event) -> None:
        self._out += self._http.send(event) or b""

    def _flush(self) -> None:
        if self.closed:
            return
        try:
            while self._out:
                sent = self.client.send(self._out)
                del self._out[:sent]
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if self._hanging_up:
            self._half_close()


def opening(status: int, headers: Mapping[str, str]) -> h11.Response:
    """The head of a response.

    Raises:
        h11.LocalProtocolError: when this is not HTTP.
    """
    reason = http.client.responses.get(status, "")
    return h11.Response(status_code=status, headers=[*headers.items()], reason=reason)


def _parsed(head: h11.Request, body: bytes) -> Request:
    """A request as the world takes it.

    Raises:
        ValueError: for a target that is no URL.
    """
    target = urlsplit(head.target.decode("ascii"))
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        method=head.method.decode("ascii"),
        path=unquote(target.path) or "/",
        query=parse_qs(target.query, keep_blank_values=True),
        headers=headers,
        body=body,
        wall_ms=time.time_ns() // 1_000_000,
    )
