"""Span metrics and runtime metrics of a step, emitted every scrape interval rather than every step.

Counts are whole numbers: expectations are rounded at random, so that rare failures come in ones and not in fractions.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from opsrange.apps.flow import connections
from opsrange.apps.ports import Sink
from opsrange.apps.processes import whole
from opsrange.apps.stores import Stores
from opsrange.apps.topology import Edge, Node, Topology

BOUNDS_MS: tuple[float, ...] = (
    *(2.0, 4.0, 6.0, 8.0, 10.0, 50.0, 100.0, 200.0, 400.0, 800.0),
    *(1000.0, 1400.0, 2000.0, 5000.0, 10000.0, 15000.0, math.inf),
)
"""The span metrics connector's own default bounds."""

_CALLS = "traces_span_metrics_calls_total"
_DURATION = "traces_span_metrics_duration_milliseconds"
_LAG_NAMES = ("kafka_consumer_group_lag", "kafka_consumergroup_lag")
"""As OpenTelemetry's receiver calls it, and as the usual exporter does."""
EMIT_S = 15
"""Seconds between emissions: metrics are handed over as often as they are scraped."""
_COLD_KEYS = 60.0
"""Carts held at which half of the look-ups find one."""
_QUANTUM = 0.05
"""Step of the logarithm of a median at which bucket shares are tabulated."""


@dataclass(slots=True)
class Meter:
    """What one span name of one service did since the last emission, in expectation."""

    labels_ok: Mapping[str, str]
    labels_error: Mapping[str, str]
    sigma: float
    ok: float = 0.0
    errors: float = 0.0
    ok_ms: float = 0.0
    error_ms: float = 0.0


@dataclass(slots=True)
class _Counter:
    name: str
    labels: Mapping[str, str]
    meters: list[Meter] = field(default_factory=list)


class Metrics:
    """Accumulates steps and emits them.

    Args:
        sink: where metrics go.
        draws: rounds expectations.
    """

    def __init__(self, sink: Sink, draws: random.Random) -> None:
        self._sink = sink
        self._draws = draws
        self._servers: dict[tuple[str, str], Meter] = {}
        self._clients: dict[tuple[str, str, str], Meter] = {}
        self._counters: dict[str, dict[tuple[str, str], _Counter]] = {}
        self._shares: dict[tuple[float, int], tuple[tuple[float, float], ...]] = {}
        self._empty = dict.fromkeys(BOUNDS_MS, 0)
        self._bound: list[tuple[Node, Meter | None, list[tuple[Edge, Meter]]]] = []

    def bind(self, topology: Topology) -> None:
        """Prepare for a new topology; meters outlive it."""
        self._bound = []
        for node in topology.nodes:
            service = node.cohort.name
            meter = None if node.operation.silent else self._server(service, node)
            clients = [(edge, self._client(edge)) for edge in node.edges]
            self._bound.append((node, meter, clients))
            for name, operation in node.cohort.service.counters.items():
                if meter is not None and operation in ("*", node.name):
                    self._counter(name, service, node.name, meter)

    def accumulate(self, step_s: float) -> None:
        """Add the step just computed."""
        for node, meter, clients in self._bound:
            rate = node.rate
            if rate <= 0.0:
                continue
            requests = rate * step_s
            if meter is not None:
                failed = requests * node.error
                meter.errors += failed
                meter.ok += requests - failed
                meter.ok_ms += (requests - failed) * node.latency_ms
                meter.error_ms += failed * node.failure_ms
            for edge, client in clients:
                calls = edge.rate * step_s
                failed = calls * edge.error
                client.errors += failed
                client.ok += calls - failed
                client.ok_ms += (calls - failed) * edge.latency_ms
                client.error_ms += failed * edge.failure_ms

    def emit(self, topology: Topology, stores: Stores) -> None:
        """Hand everything accumulated to the sink."""
        served: dict[int, int] = {}
        for meters in (self._servers.values(), self._clients.values()):
            for meter in meters:
                served[id(meter)] = 0
                if meter.ok > 0.0:
                    served[id(meter)] = self._flush(
                        meter.labels_ok, meter.sigma, meter.ok, meter.ok_ms
                    )
                if meter.errors >= 1.0 or self._draws.random() < meter.errors:
                    meter.error_ms /= min(1.0, meter.errors)
                    meter.errors = max(1.0, meter.errors)
                    self._flush(meter.labels_error, meter.sigma, meter.errors, meter.error_ms)
                meter.ok = meter.errors = meter.ok_ms = meter.error_ms = 0.0
        count = self._sink.count
        for name in self._counters:
            for counter in self._counters[name].values():
                amount = sum(served.get(id(meter), 0) for meter in counter.meters)
                if amount:
                    count(name, counter.labels, float(amount))
        self._pools(topology)
        self._stores(topology, stores)

    def _flush(self, labels: Mapping[str, str], sigma: float, expected: float, total: float) -> int:
        draw = self._draws.random
        mean_ms = total / expected
        spread = 0.9 + 0.2 * draw()
        median = math.log(max(0.01, mean_ms * spread)) - sigma * sigma / 2
        key = (sigma, round(median / _QUANTUM))
        shares = self._shares.get(key)
        if shares is None:
            shares = self._shares[key] = _tabulate(sigma, key[1] * _QUANTUM)
        counts = dict(self._empty)
        requests = 0
        for bound, share in shares:
            drawn = int(expected * share + draw())
            if drawn:
                counts[bound] = drawn
                requests += drawn
        if requests:
            self._sink.count(_CALLS, labels, float(requests))
            self._sink.buckets(_DURATION, labels, counts, requests * mean_ms * spread)
        return requests

    def _pools(self, topology: Topology) -> None:
        for cohort in topology.cohorts:
            for link in cohort.links.values():
                if not link.pool_size:
                    continue
                opened = connections(link) / link.instances
                for instance in cohort.instances:
                    labels = {
                        "namespace": instance.namespace,
                        "service_name": cohort.name,
                        "pod": instance.pod,
                        "pool_name": link.name,
                    }
                    used = min(opened, link.pool_used)
                    usage = "db_client_connections_usage"
                    self._sink.gauge(usage, {**labels, "state": "used"}, round(used, 2))
                    self._sink.gauge(usage, {**labels, "state": "idle"}, round(opened - used, 2))
                    self._sink.gauge("db_client_connections_max", labels, link.pool_size)
                    pending = link.pool_error * 10 + link.pool_wait_ms / 100
                    self._sink.gauge(
                        "db_client_connections_pending_requests", labels, round(pending)
                    )

    def _stores(self, topology: Topology, stores: Stores) -> None:
        gauge = self._sink.gauge
        for cohort in topology.cohorts:
            if cohort.service.connections is not None:
                open_connections = 4 + sum(
                    connections(link)
                    for caller in topology.cohorts
                    for link in caller.links.values()
                    if link.pool_size and any(owner is cohort for owner, _ in link.shares)
                )
                limit = cohort.service.connections
                size = whole(cohort.instances[0].env.get(limit.env), limit.size)
                labels = {"service_name": cohort.name, "datname": "shop"}
                gauge("pg_stat_database_numbackends", labels, float(min(size, open_connections)))
                active = min(size, 1 + round(sum(node.rate for node in cohort.nodes.values()) / 40))
                states = {"active": active, "idle": max(0, min(size, open_connections) - active)}
                for state, number in states.items():
                    gauge("pg_stat_activity_count", {**labels, "state": state}, float(number))
                gauge("pg_settings_max_connections", {"service_name": cohort.name}, float(size))
            for store in cohort.service.stores:
                held = stores.data[cohort.name, store]
                labels = {"service_name": cohort.name}
                if store == "carts":
                    gauge("redis_memory_used_bytes", labels, cohort.processes[0].memory_bytes)
                    asked = cohort.nodes["HGET"].rate * EMIT_S
                    hits = int(asked * held.items / (held.items + _COLD_KEYS))
                    self._sink.count("redis_keyspace_hits_total", labels, float(hits))
                    missed = float(int(asked) - hits)
                    self._sink.count("redis_keyspace_misses_total", labels, missed)
                    gauge("redis_db_keys", {**labels, "db": "db0"}, float(int(held.items)))
                elif store == "messages":
                    offset = {"topic": "orders", "partition": "0"}
                    gauge("kafka_topic_partition_current_offset", offset, float(int(held.items)))
        if any(cohort.name == "kafka" for cohort in topology.cohorts):
            for group, lag in stores.lags().items():
                labels = {"group": group, "topic": "orders", "partition": "0"}
                for name in _LAG_NAMES:
                    gauge(name, labels, float(int(lag)))

    def _server(self, service: str, node: Node) -> Meter:
        key = (service, node.name)
        meter = self._servers.get(key)
        if meter is None:
            operation = node.operation
            kind = f"SPAN_KIND_{operation.kind.upper()}"
            if operation.weight:
                kind = "SPAN_KIND_INTERNAL"
            span = operation.span or node.name
            meter = self._servers[key] = _meter(service, span, kind, operation.sigma)
        return meter

    def _client(self, edge: Edge) -> Meter:
        meter = self._clients.get(edge.meter_key)
        if meter is None:
            service, callee, name = edge.meter_key
            kind = "SPAN_KIND_PRODUCER" if edge.call.produces else "SPAN_KIND_CLIENT"
            operation = edge.targets[0][0].operation if edge.targets else None
            span = (operation.span if operation else "") or name
            sigma = operation.sigma if operation else 0.45
            if callee in ("postgresql", "valkey-cart", "kafka") or operation is not None:
                meter = self._clients[edge.meter_key] = _meter(service, span, kind, sigma)
            else:
                meter = _meter(service, span, kind, sigma)
                self._clients[edge.meter_key] = meter
        return meter

    def _counter(self, name: str, service: str, operation: str, meter: Meter) -> None:
        by_label = self._counters.setdefault(name, {})
        counter = by_label.get((service, ""))
        if counter is None:
            counter = by_label[service, ""] = _Counter(name, {"service_name": service})
        if not any(known is meter for known in counter.meters):
            counter.meters.append(meter)


def _meter(service: str, span: str, kind: str, sigma: float) -> Meter:
    labels = {"service_name": service, "span_name": span, "span_kind": kind}
    return Meter(
        labels_ok={**labels, "status_code": "STATUS_CODE_UNSET"},
        labels_error={**labels, "status_code": "STATUS_CODE_ERROR"},
        sigma=sigma,
    )


def _tabulate(sigma: float, median: float) -> tuple[tuple[float, float], ...]:
    """The share of a log-normal distribution in each bucket that matters."""
    shares: list[tuple[float, float]] = []
    below = 0.0
    for bound in BOUNDS_MS:
        here = 1.0
        if bound != math.inf:
            here = 0.5 * math.erfc((median - math.log(bound)) / (sigma * math.sqrt(2)))
        if here - below > 2e-5:
            shares.append((bound, here - below))
        below = here
    return tuple(shares)
