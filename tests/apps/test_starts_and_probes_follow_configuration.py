"""A process starts, listens, answers probes or dies as its release, environment and limits say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from opsrange.apps.application import Application
from opsrange.apps.definition import load
from opsrange.apps.ports import Instance, Reach, Route
from opsrange.apps.processes import Start
from opsrange.apps.registry import Release
from opsrange.types import Span
from opsrange.world import Kernel

START_MS = 1_790_000_000_000
CART = Instance(
    uid="u1",
    pod="cart-5f6-x",
    workload="cart",
    namespace="shop",
    node="node-1",
    container="cart",
    release="2.1.3",
    env={"CART_PORT": "7070", "VALKEY_ADDR": "valkey-cart:6379"},
    files={},
    ports=[7070],
    cpu_limit_millicores=500,
    memory_limit_bytes=256 << 20,
    started_ms=START_MS,
    restart=0,
    ready=False,
)


class Desk:
    """Network, sink and supervisor of a single instance."""

    def __init__(self) -> None:
        self.version = 0
        self.present: list[Instance] = []
        self.lines: list[str] = []
        self.exits: list[tuple[str, int, str]] = []

    def instances(self) -> Sequence[Instance]:
        return self.present

    def resolve(self, caller: Instance | None, host: str, port: int) -> Route:
        return Route(Reach.NO_SUCH_HOST)

    def count(self, name: str, labels: object, amount: float) -> None: ...

    def gauge(self, name: str, labels: object, value: float) -> None: ...

    def buckets(self, name: str, labels: object, counts: object, total_sum: float) -> None: ...

    def log(self, instance: Instance, text: str, *, offset_ms: int = 0) -> None:
        self.lines.append(text)

    def trace(self, spans: Sequence[Span]) -> None: ...

    def exited(self, uid: str, container: str, exit_code: int, reason: str) -> None:
        self.exits.append((uid, exit_code, reason))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def app(desk: Desk) -> Application:
    return Application(Kernel("1", START_MS), desk, desk, desk, load("shop"))


def _begin(app: Application, desk: Desk, instance: Instance) -> Start:
    desk.present = [instance]
    return app.begin(instance)


def test_a_process_listens_after_its_start_and_says_so(app: Application, desk: Desk) -> None:
    assert _begin(app, desk, CART).exits_after_ms is None
    assert app.probe(CART, 7070).message == "connection refused"
    app._kernel.advance_to(START_MS + 10_000)
    assert app.probe(CART, 7070).ok
    assert not app.probe(CART, 7071).ok
    assert desk.lines == ["info: cart.Services[0] Now listening on: http://[::]:7070"]


def test_a_missing_variable_ends_the_process_in_its_languages_words(
    app: Application, desk: Desk
) -> None:
    start = _begin(app, desk, replace(CART, env={"CART_PORT": "7070"}))
    assert (start.exits_after_ms, start.exit_code) == (900, 1)
    assert "VALKEY_ADDR environment variable is required" in start.message
    assert desk.lines[0].startswith("Unhandled exception. System.ArgumentNullException")
    app._kernel.advance_to(START_MS + 10_000)
    assert not app.probe(CART, 7070).ok


def test_a_port_that_is_none_ends_the_process(app: Application, desk: Desk) -> None:
    start = _begin(app, desk, replace(CART, env={**CART.env, "CART_PORT": "http"}))
    assert start.exit_code == 1
    assert desk.lines


def test_a_release_may_crash(app: Application, desk: Desk) -> None:
    release = Release(service="cart", crash_exit_code=139, crash_log="Segmentation fault")
    app.registry.publish("registry.corp.example/shop/cart:2.2.0", release)
    start = _begin(app, desk, replace(CART, release="2.2.0"))
    assert (start.exit_code, start.message) == (139, "Segmentation fault")


def test_a_process_without_room_is_killed_before_it_listens(app: Application, desk: Desk) -> None:
    _begin(app, desk, replace(CART, memory_limit_bytes=64 << 20))
    app._kernel.advance_to(START_MS + 10_000)
    assert desk.exits == [("u1", 137, "OOMKilled")]
    assert "Now listening" not in "".join(desk.lines)


def test_a_stopped_process_is_not_killed_later(app: Application, desk: Desk) -> None:
    starved = replace(CART, memory_limit_bytes=64 << 20)
    _begin(app, desk, starved)
    app.end(starved)
    app._kernel.advance_to(START_MS + 10_000)
    assert desk.exits == []


def test_a_path_that_is_not_served_is_not_found(app: Application, desk: Desk) -> None:
    addresses = dict.fromkeys(load("shop").services["frontend"].required, "x:1")
    frontend = replace(CART, workload="frontend", container="frontend", env=addresses)
    _begin(app, desk, frontend)
    app._kernel.advance_to(START_MS + 20_000)
    assert app.probe(frontend, 8080, "/api/health").ok
    assert app.probe(frontend, 8080, "/healthz").message.endswith("statuscode: 404")


def test_usage_is_known_from_the_first_instant(app: Application, desk: Desk) -> None:
    _begin(app, desk, CART)
    use = app.usage(CART)
    assert 0 < use.memory_bytes < 256 << 20
    assert use.cpu_millicores > 0


def test_the_front_door_is_shut_when_nobody_is_behind_it(app: Application) -> None:
    assert app.respond("/").status == 503
