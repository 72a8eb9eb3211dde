"""The world's HTTP side: listening sockets, their connections, the streams clients wait on.

Handlers are asked one at a time, in the order in which requests arrive. What a handler lets escape becomes a 500 that says
nothing, and a traceback for the runner, which makes the attempt void.
"""

from __future__ import annotations

import selectors
import socket
import traceback
from collections.abc import Mapping

import h11

from opsrange.hosting.clock import ADDRESS as CLOCK_ADDRESS
from opsrange.hosting.connection import Connection, opening
from opsrange.hosting.hosted import Hosted
from opsrange.wire import Handler, Request, Response, Stream

MAX_CONNECTIONS = 512
MAX_ERRORS = 100
_BROKEN = Response(
    500, b'{"kind":"Status","status":"Failure","message":"internal error","code":500}'
)


class Facade:
    """Everything of a world that speaks HTTP.

    Args:
        hosted: whose handlers answer.
        clock: what answers at the clock's address.
        selector: the process's own; keys carry what to call.
    """

    def __init__(self, hosted: Hosted, clock: Handler, selector: selectors.BaseSelector) -> None:
        self._hosted = hosted
        self._clock = clock
        self._selector = selector
        self._listeners: list[tuple[str, socket.socket]] = []
        self._accepting = True
        self._connections: dict[Connection, int] = {}
        """In order of arrival, with the events each is registered for."""
        self.errors: list[str] = []

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Every endpoint, the clock's included."""
        return {**self._hosted.handlers, CLOCK_ADDRESS: self._clock}

    def listen(self, address: str, listener: socket.socket) -> None:
        """Accept clients of ``address`` on a listening socket, owned from now on."""
        listener.setblocking(False)
        self._listeners.append((address, listener))
        if self._accepting:
            self._watch(address, listener)

    def close(self) -> None:
        """Close every listener and connection. Streams hear that their clients have gone."""
        for _, listener in self._listeners:
            if self._accepting:
                self._selector.unregister(listener)
            listener.close()
        self._listeners.clear()
        for connection in list(self._connections):
            self._drop(connection)

    def disown(self) -> None:
        """In a fork: let go of sockets that are the parent's. The selector is left alone; it is shared."""
        for _, listener in self._listeners:
            listener.close()
        for connection in self._connections:
            connection.disown()

    @property
    def waiting(self) -> bool:
        """Whether any client holds a stream."""
        return any(connection.stream for connection in self._connections)

    def deadline_ms(self) -> int | None:
        """The earliest instant at which some stream ends by itself."""
        streams = [connection.stream for connection in self._connections if connection.stream]
        return min((s.deadline_ms for s in streams if s.deadline_ms is not None), default=None)

    def drained(self) -> bool:
        """Whether everything said has reached the clients."""
        return all(connection.drained() for connection in self._connections)

    @property
    def resting(self) -> bool:
        """Whether some client has sent more than was answered in its turn."""
        return any(connection.resting for connection in self._connections)

    def resume(self) -> None:
        """Give the first of those clients another turn."""
        for connection in self._connections:
            if connection.resting:
                connection.proceed()
                self._settle(connection)
                return

    def collect(self) -> bool:
        """Gather what streams have to say, without sending it; true when there is something."""
        said = [self._guarded(connection) for connection in list(self._connections)]
        return any(said)

    def pump(self) -> bool:
        """Gather and send what streams have to say; true when there was something."""
        said = self.collect()
        unsent = [each for each in self._connections if each.unsent]
        for connection in unsent:
            connection.flush()
            self._settle(connection)
        return said or bool(
            unsent
        )  # gathered earlier counts too: whoever is told is no longer idle

    def report_streams(self) -> None:
        """Tell the hosted object what open streams have sent since they last were reported."""
        for connection in self._connections:
            connection.report_stream()

    def blame(self) -> None:
        """Keep the traceback of the exception being handled."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(traceback.format_exc())

    def _guarded(self, connection: Connection) -> bool:
        if connection.stream is None:
            return False
        try:
            return connection.collect()
        except Exception:  # noqa: BLE001 - the world's own code failed; the runner must hear of it
            self.blame()
            self._drop(connection)
            return True

    def _answer(self, address: str, request: Request) -> Response | Stream:
        try:
            answer = self.handlers[address].handle(request)
            headers = answer.headers if isinstance(answer, Response) else {}
            opening(answer.status, {"content-type": answer.content_type, **headers})
        except (Exception, h11.LocalProtocolError):  # noqa: BLE001 - as above
            self.blame()
            return _BROKEN
        return answer

    def _report(self, address: str, request: Request, response: Response) -> None:
        if address == CLOCK_ADDRESS:
            return
        try:
            self._hosted.answered(address, request, response)
        except Exception:  # noqa: BLE001 - as above
            self.blame()

    def _accept(self, address: str, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # the client has gone already, or took the descriptor limit with it
        if client.family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, address, self._hosted.kernel, self._answer, self._report)
        self._connections[connection] = selectors.EVENT_READ
        self._selector.register(
            client, selectors.EVENT_READ, lambda events: self._ready(connection, events)
        )
        if len(self._connections) >= MAX_CONNECTIONS:
            self._accepting = False
            for _, each in self._listeners:
                self._selector.unregister(each)

    def _ready(self, connection: Connection, events: int) -> None:
        if connection not in self._connections:
            return
        try:
            if events & selectors.EVENT_WRITE:
                connection.writable()
            if events & selectors.EVENT_READ and not connection.closed:
                connection.readable()
        except Exception:  # noqa: BLE001 - as above
            self.blame()
            connection.close()
        self._settle(connection)

    def _settle(self, connection: Connection) -> None:
        """Bring the selector in line with what the connection needs next."""
        if connection not in self._connections:
            return
        if connection.closed:
            self._forget(connection)
            return
        events = selectors.EVENT_READ
        if connection.behind:
            events = selectors.EVENT_WRITE | (selectors.EVENT_READ if connection.stream else 0)
        if events != self._connections[connection]:
            self._connections[connection] = events
            self._selector.modify(
                connection.client, events, lambda ready: self._ready(connection, ready)
            )

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        """Unregister before closing: a copy of the socket in a fork would keep a closed one alive in epoll."""
        if self._connections.pop(connection, None) is None:
            return
        self._selector.unregister(connection.client)
        connection.client.close()
        if not self._accepting and len(self._connections) < MAX_CONNECTIONS:
            self._accepting = True
            for address, listener in self._listeners:
                self._watch(address, listener)

    def _watch(self, address: str, listener: socket.socket) -> None:
        self._selector.register(
            listener, selectors.EVENT_READ, lambda _: self._accept(address, listener)
        )
