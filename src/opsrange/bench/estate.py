"""Figures of the model itself, in one process and without a seat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from opsrange.bench.figure import Figure, figure
from opsrange.estates import Estate
from opsrange.scenarios.instance import build
from opsrange.types import HOUR_MS
from opsrange.wire import Request

SCENARIO = "selector-broken"
_TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
_QUERY = "sum by (service_name) (rate(traces_span_metrics_calls_total[5m]))"


def estate_figures(*, quick: bool) -> Iterator[tuple[str, Figure]]:
    """Building, an hour, the soak, and the two commonest questions.

    Args:
        quick: fewer repeats.
    """
    repeats = 1 if quick else 5
    hours_cpu, hours_wall = [], []
    for number in range(repeats):
        estate = Estate(f"bench@{number}")
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        estate.advance(HOUR_MS)
        hours_cpu.append(time.process_time() - cpu_s)
        hours_wall.append(time.perf_counter() - wall_s)
    yield "virtual_hour_cpu", figure(hours_cpu, "s", 3.0)
    yield "virtual_hour_wall", figure(hours_wall, "s", 3.0)
    builds, soaks = [], []
    for number in range(1, repeats + 1):
        started_s = time.perf_counter()
        instance = build(SCENARIO, number)
        builds.append(time.perf_counter() - started_s)
        started_s = time.perf_counter()
        instance.call("conclude", {"report": None})
        soaks.append(time.perf_counter() - started_s)
    yield "instance_preparation", figure(builds, "s")
    yield "conclude", figure(soaks, "s")
    handlers = instance.handlers
    table = Request("GET", "/api/v1/pods", {"limit": ["500"]}, _TABLE)
    promql = Request("GET", "/api/v1/query", {"query": [_QUERY]})
    asked = repeats * 20
    yield "api_list_pods_table", _timed_ms(lambda: handlers["kubernetes:6443"].handle(table), asked)
    yield "promql_instant", _timed_ms(lambda: handlers["prometheus:9090"].handle(promql), asked)


def _timed_ms(ask: Callable[[], object], times: int) -> Figure:
    found = []
    for _ in range(times):
        started_s = time.perf_counter()
        ask()
        found.append((time.perf_counter() - started_s) * 1000)
    return figure(found, "ms")
