"""HTTP messages without sockets: what the world's APIs take and give.

Every API of a world (Kubernetes, Prometheus, Alertmanager, Jaeger) is a :class:`Handler`: a function from
a :class:`Request` to a :class:`Response` or a :class:`Stream`. Sockets live in ``hosting`` alone.

Belongs here: message types. Does not: routing, parsing of bytes, any protocol's semantics.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, already parsed."""

    method: str
    path: str
    """Percent-decoded, without the query."""
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    body: bytes = b""
    wall_ms: int | None = None
    """The client's wall clock, which only the server file may fill in. Used solely to shift timestamps
    that kubectl turns into ages by itself; never part of world state."""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default


@dataclass(frozen=True, slots=True)
class Response:
    """One complete HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, document: Any, status: int = 200) -> Response:
        """A JSON response, keys in the order given."""
        return cls(status, json.dumps(document, separators=(",", ":")).encode())


class Stream(Protocol):
    """A response whose body grows as virtual time passes (a watch, a followed log, a sleep).

    While a client holds a stream it is *waiting*; when every client only waits, the clock may jump.
    """

    status: int
    content_type: str
    deadline_ms: int | None
    """The virtual instant at which the stream ends by itself; ``None`` for never."""

    def take(self) -> list[bytes]:
        """The chunks that became available since the last call. Never moves the world."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing more will come; judged at the world's present instant."""
        ...

    def close(self) -> None:
        """The client has gone."""
        ...


class Handler(Protocol):
    """A protocol endpoint of the world. Synchronous, and total: bad input is a 4xx, never an exception."""

    def handle(self, request: Request) -> Response | Stream:
        """Answer one request at the world's present instant."""
        ...
