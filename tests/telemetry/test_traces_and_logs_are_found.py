"""Jaeger's API over stored spans; logs per container instance; both bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from opsrange.telemetry.logs import LogStore
from opsrange.telemetry.traces import TraceStore
from opsrange.types import LogLine, Span

if TYPE_CHECKING:
    from tests.telemetry.conftest import World


def trace(number: int, start_us: int, *, error: bool = False) -> list[Span]:
    trace_id = f"{number:032x}"
    root = Span(trace_id, "a" * 16, "", "frontend", "GET /", "server", start_us, 9_000, error)
    tags = {"http.status_code": "500" if error else "200"}
    child = Span(
        trace_id,
        "b" * 16,
        "a" * 16,
        "cart",
        "AddItem",
        "server",
        start_us + 100,
        2_000,
        error,
        tags,
        "cart-1",
    )
    return [root, child]


def filled(world: World) -> None:
    now_us = world.kernel.now_ms * 1000
    for number in range(1, 31):
        spans = trace(number, now_us - number * 60_000_000, error=number % 10 == 0)
        world.telemetry.traces.add(spans)


def ids(world: World, **query: str) -> list[int]:
    status, document = world.get(world.telemetry.jaeger, "/api/traces", **query)
    assert status == 200, document
    return [int(t["traceID"], 16) for t in document["data"]]


def test_services_and_operations(world: World) -> None:
    filled(world)
    jaeger = world.telemetry.jaeger
    assert world.get(jaeger, "/api/services")[1]["data"] == ["cart", "frontend"]
    assert world.get(jaeger, "/api/services/cart/operations")[1]["data"] == ["AddItem"]
    operations = world.get(jaeger, "/api/operations", service="cart")[1]["data"]
    assert operations == [{"name": "AddItem", "spanKind": "server"}]
    dependencies = world.get(jaeger, "/api/dependencies")[1]["data"]
    assert dependencies == [{"parent": "frontend", "child": "cart", "callCount": 30}]


def test_searches_narrow(world: World) -> None:
    filled(world)
    assert len(ids(world, service="cart")) == 20
    assert ids(world, service="cart", tags=json.dumps({"error": "true"})) == [30, 20, 10]
    assert ids(world, service="cart", tag="http.status_code:500", limit="1") == [30]
    assert ids(world, service="cart", lookback="2m30s") == [2, 1]
    assert ids(world, service="cart", operation="GET /") == []
    assert ids(world, service="cart", minDuration="3ms") == []
    assert len(ids(world, service="frontend", minDuration="3ms", limit="100")) == 30
    start = str(world.kernel.now_ms * 1000 - 61_000_000)
    assert ids(world, service="frontend", start=start) == [1]


def test_one_trace_has_jaegers_shape(world: World) -> None:
    filled(world)
    status, document = world.get(world.telemetry.jaeger, f"/api/traces/{10:032x}")
    assert status == 200
    found = document["data"][0]
    cart = found["spans"][1]
    assert cart["references"] == [
        {"refType": "CHILD_OF", "traceID": f"{10:032x}", "spanID": "a" * 16}
    ]
    assert found["processes"][cart["processID"]]["serviceName"] == "cart"
    assert {"key": "error", "type": "bool", "value": True} in cart["tags"]
    assert {"key": "http.status_code", "type": "int64", "value": 500} in cart["tags"]
    assert world.get(world.telemetry.jaeger, "/api/traces/ff")[0] == 404
    assert world.get(world.telemetry.jaeger, "/api/traces")[0] == 400


def test_the_oldest_trace_makes_room() -> None:
    store = TraceStore(limit=3)
    for number in range(5):
        store.add(trace(number, 0))
    assert [int(spans[0].trace_id, 16) for spans in store.newest()] == [4, 3, 2]


def test_logs_are_per_instance_ordered_and_bounded() -> None:
    store = LogStore(lines_per_instance=3)
    for number in range(5):
        store.append("uid", "app", 0, 1_000 + number, f"line {number}")
    store.append("uid", "app", 1, 2_000, "again")
    store.append("uid", "app", 0, 1_003, "late")
    assert [line.text for line in store.lines("uid", "app", 0)] == ["line 3", "late", "line 4"]
    assert store.lines("uid", "app", 1) == [LogLine(2_000, "again")]
    assert store.lines("uid", "app", 2) == []
