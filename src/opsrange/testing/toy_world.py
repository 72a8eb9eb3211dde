"""A world small enough to read in a minute: a counter that ticks, an endpoint to change it, a stream to watch it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from opsrange.errors import AuthorError
from opsrange.types import SECOND_MS, Json
from opsrange.wire import Handler, Request, Response, Stream
from opsrange.world import Kernel, branch

ADDRESS = "toy:8080"
START_MS = 1_700_000_000_000
TICK_MS = 10 * SECOND_MS


class ToyWorld:
    """A counter that grows by itself every ten virtual seconds, by a random step, and when told to.

    ``GET /counter`` reads it, ``POST /counter?by=N`` adds to it, ``GET /watch?until=N`` is a stream of one JSON line
    per change that ends when the counter reaches N, ``GET /big?bytes=N`` answers with N bytes, ``GET /toil?steps=N`` takes
    long, ``GET /broken`` raises.
    """

    def __init__(self, seed: str) -> None:
        self.kernel = Kernel(seed, START_MS)
        self.value = 0
        self.handled: list[str] = []
        self.watchers: list[ToyWatch] = []
        self.kernel.every(TICK_MS, self._tick)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """One endpoint."""
        return {ADDRESS: self}

    def handle(self, request: Request) -> Response | Stream:
        """Answer one request."""
        match request.method, request.path:
            case "GET" | "HEAD", "/counter":
                return Response.json({"value": self.value, "now_ms": self.kernel.now_ms})
            case "POST", "/counter":
                with self.kernel.acting("agent"):
                    self._add(int(request.one("by", "1")))
                return Response.json({"value": self.value}, 201)
            case "GET" | "HEAD", "/watch":
                return ToyWatch(self, int(request.one("until", "1000000")))
            case "GET", "/big":
                return Response(200, b"x" * int(request.one("bytes", "1")), "text/plain")
            case "GET", "/toil":
                return Response.json(sum(range(int(request.one("steps", "1")))))
            case "POST", "/echo":
                return Response(200, request.body, "application/octet-stream")
            case "GET", "/broken":
                raise RuntimeError("a secret of the world")
        return Response.json({"message": f"no {request.path}"}, 404)

    def call(self, name: str, arguments: Json) -> Any:
        """Answer a question of the runner."""
        match name:
            case "add":
                self._add(arguments["by"])
                return self.value
            case "value":
                return self.value
            case "forecast":
                return branch(lambda: self._after(arguments["ms"]))
            case "refuse":
                raise AuthorError("the toy refuses")
            case "crash":
                raise RuntimeError("the toy crashed")
            case "begin_step":
                self.handled.clear()
                return {"value": self.value}
            case "end_step":
                return {"value": self.value, "handled": list(self.handled)}
        raise ValueError(f"no call {name}")

    def answered(self, address: str, request: Request, response: Response) -> None:
        """Keep one line per answer."""
        self.handled.append(
            f"{address} {request.method} {request.path} {response.status} {len(response.body)}"
        )

    def _after(self, delay_ms: int) -> int:
        self.kernel.advance_to(self.kernel.now_ms + delay_ms)
        return self.value

    def _tick(self) -> None:
        self._add(self.kernel.streams.stream("steps").randint(1, 3))

    def _add(self, by: int) -> None:
        self.value += by
        self.kernel.record("toy.counter", {"value": self.value})
        for watcher in self.watchers:
            watcher.changed(self.value)


class ToyWatch:
    """A line for each change of the counter.

    Args:
        world: whose counter.
        until: the value at which the stream ends.
    """

    status = 200
    content_type = "application/json"
    deadline_ms: int | None = None

    def __init__(self, world: ToyWorld, until: int) -> None:
        self._world = world
        self._until = until
        self._lines: list[bytes] = []
        self.finished = world.value >= until
        world.watchers.append(self)

    def changed(self, value: int) -> None:
        """The counter has a new value."""
        line = {"value": value, "now_ms": self._world.kernel.now_ms}
        self._lines.append(json.dumps(line).encode() + b"\n")
        self.finished = value >= self._until

    def take(self) -> list[bytes]:
        """The lines since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def close(self) -> None:
        """Stop watching."""
        self._world.watchers.remove(self)


def build(scenario: str, seed: int) -> ToyWorld:
    """The builder. Scenario ``unsound`` is refused as its author's failure; ``crashing`` has a bug.

    Raises:
        AuthorError: for ``unsound``.
    """
    if scenario == "unsound":
        raise AuthorError(f"scenario {scenario!r} contradicts itself")
    if scenario == "crashing":
        raise ZeroDivisionError("a bug of the builder")
    return ToyWorld(f"{scenario}@{seed}")
