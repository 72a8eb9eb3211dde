"""The arithmetic of a step: demand flows down the call graph, latency and failure flow up.

Queueing is M/M/c by Sakasegawa's approximation, for processor and connection pools alike; what exceeds capacity becomes a
backlog that later steps work off. Failure probabilities of the last step thin out what a failing request would still have called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from opsrange.apps.processes import whole
from opsrange.apps.topology import Cohort, Edge, Link, Node, Topology

STEP_S = 5.0
_RHO_MAX = 0.97
_BACKLOG_MS_MAX = 30_000.0
_NETWORK_MS = 0.35
_DIAL_FRACTION = 0.3
"""Calls whose mean latency is below this share of their timeout practically never time out."""

_POOL_FREE = 0.5
"""Utilisation of a pool below which nobody waits for a connection worth mentioning."""
_POOL_PACE = 0.35
"""Share of the way a pool's queue moves to its balance in a step; users who wait ask less, and this keeps both from swinging."""


@dataclass(slots=True)
class Failure:
    """Why calls over an edge fail, with the probability per attempt."""

    reason: str
    probability: float


def wait_ms(service_ms: float, servers: float, utilisation: float) -> float:
    """Mean queueing time before service in an M/M/c system below saturation."""
    if utilisation < 0.05:
        return 0.0
    exponent = math.sqrt(2 * (servers + 1)) - 1
    return service_ms * math.pow(utilisation, exponent) / (servers * (1 - utilisation))


def exceeds(mean_ms: float, sigma: float, bound_ms: float) -> float:
    """Probability that a log-normal latency of this mean exceeds a bound."""
    z = (math.log(bound_ms / max(mean_ms, 0.01)) + sigma * sigma / 2) / sigma
    return 0.5 * math.erfc(z / math.sqrt(2))


def p95_ms(mean_ms: float, sigma: float) -> float:
    """The 95th percentile of a log-normal latency of this mean."""
    return mean_ms * math.exp(1.645 * sigma - sigma * sigma / 2)


def forward(topology: Topology) -> None:
    """Push the rates of the roots down the graph. Roots' rates are set; all others are zero."""
    for node in topology.nodes:
        rate = node.rate
        for edge in node.edges:
            edge.rate = calls = rate * edge.times
            if edge.error > 0.0:
                calls *= 1 + edge.link.dependency.retries * edge.error
                if not edge.call.optional:
                    rate *= 1 - min(1.0, edge.error)
            calls *= 1 - edge.link.pool_error
            for target, share in edge.targets:
                target.rate += calls * share


def compute(topology: Topology, jitters: list[float]) -> None:
    """Queueing at processors, given the rates; ``jitters`` are uniform draws, one per cohort."""
    for cohort, draw in zip(topology.cohorts, jitters, strict=True):
        cohort.jitter += 0.2 * (0.88 + 0.24 * draw - cohort.jitter)
        busy_ms = 0.0
        rate = 0.0
        for node in cohort.nodes.values():
            busy_ms += node.rate * node.cpu_ms
            rate += node.rate
        count = len(cohort.instances)
        cores = cohort.cores
        utilisation = busy_ms / (count * cores * 1000)
        if utilisation > _RHO_MAX or cohort.backlog_ms > 0.0:
            growth_ms = (utilisation - _RHO_MAX) * STEP_S * 1000
            cohort.backlog_ms = min(_BACKLOG_MS_MAX, max(0.0, cohort.backlog_ms + growth_ms))
        mean_ms = busy_ms / rate / min(1.0, cores) if rate > 0.0 else 0.0
        capped = min(utilisation, _RHO_MAX)
        cohort.wait_ms = cohort.backlog_ms + wait_ms(mean_ms, max(1.0, cores), capped)
        _resources(cohort, busy_ms / count)


def _resources(cohort: Cohort, busy_ms: float) -> None:
    """Processor and memory of each process, given the busy milliseconds per second of an average one."""
    ceiling = cohort.cores * 1000
    leak = inflight = 0.0
    count = len(cohort.instances)
    for node in cohort.nodes.values():
        if node.leak_bytes:
            leak += node.rate * node.leak_bytes
        inflight += node.rate * node.latency_ms
    grown = leak * STEP_S / count
    inflight_bytes = inflight / 1000 / count * 60_000
    for process in cohort.processes:
        process.cpu_millicores = min(ceiling, 3.0 + busy_ms * process.skew)
        process.leaked_bytes += grown * process.skew
        process.memory_bytes = (
            process.base_bytes * (0.985 + 0.03 * cohort.jitter * process.skew)
            + inflight_bytes
            + process.leaked_bytes
        )


def backward(topology: Topology) -> None:
    """Pull latency and failure up the graph, callees first."""
    for node in reversed(topology.nodes):
        cohort = node.cohort
        operation = node.operation
        own_ms = cohort.wait_ms + cohort.jitter * (
            node.cpu_ms / min(1.0, cohort.cores) + operation.work_ms + node.extra_ms
        )
        succeeds = 1 - node.own_error
        failing_ms = node.own_error * own_ms
        elapsed_ms = own_ms
        for edge in node.edges:
            _answer(edge)
            times = edge.times
            error = edge.error
            repeats = 1.0 if edge.call.parallel else times
            if edge.call.optional:
                elapsed_ms += repeats * ((1 - error) * edge.latency_ms + error * edge.failure_ms)
                continue
            if error > 0.0:
                fails = times * error if times <= 1 else 1 - (1 - error) ** times
                failing_ms += succeeds * fails * (elapsed_ms + edge.failure_ms)
                succeeds *= 1 - fails
            elapsed_ms += repeats * edge.latency_ms
        node.latency_ms = elapsed_ms
        node.error = 1 - succeeds
        node.failure_ms = failing_ms / node.error if node.error > 0.0 else elapsed_ms


def _answer(edge: Edge) -> None:
    """Latency and failure of one call, from what its targets answer."""
    if edge.broken >= 1.0:
        edge.error = 1.0
        edge.latency_ms = edge.failure_ms = edge.broken_ms
        return
    latency_ms = 0.0
    error = edge.broken
    failing_ms = edge.broken * edge.broken_ms
    reached = 0.0
    for node, share in edge.targets:
        fails = node.error
        answer_ms = node.latency_ms
        failing_ms += share * fails * min(node.failure_ms, edge.timeout_ms)
        if answer_ms > _DIAL_FRACTION * edge.timeout_ms:
            late = exceeds(answer_ms, node.operation.sigma, edge.timeout_ms)
            failing_ms += share * (1 - fails) * late * edge.timeout_ms
            fails += (1 - fails) * late
            answer_ms = min(answer_ms, edge.timeout_ms)
        error += share * fails
        latency_ms += share * answer_ms
        reached += share
    link = edge.link
    if link.pool_size:
        lost = 1 - (1 - link.pool_error) * (1 - link.clients_error)
        failing_ms = (1 - lost) * failing_ms + link.pool_error * link.pool_timeout_ms
        error = 1 - (1 - error) * (1 - lost)
        latency_ms += link.pool_wait_ms * reached
    edge.failure_ms = failing_ms / error + _NETWORK_MS if error > 0.0 else 0.0
    retries = link.dependency.retries
    edge.error = error ** (1 + retries) if retries else error
    edge.latency_ms = latency_ms / reached + _NETWORK_MS


def pools(topology: Topology) -> None:
    """Connection pools and the servers' own limits, from the rates and latencies of this step."""
    for cohort in topology.cohorts:
        for link in cohort.links.values():
            if link.pool_size:
                edges = [
                    edge
                    for node in cohort.nodes.values()
                    for edge in node.edges
                    if edge.link is link
                ]
                _pool(link, edges)
    for cohort in topology.cohorts:
        limit = cohort.service.connections
        if limit is not None:
            size = whole(cohort.instances[0].env.get(limit.env), limit.size)
            clients = [
                (caller, link)
                for caller in topology.cohorts
                for link in caller.links.values()
                if link.pool_size and any(owner is cohort for owner, _ in link.shares)
            ]
            wanted = sum(connections(link) for _, link in clients)
            for _, link in clients:
                link.clients_error = max(0.0, 1 - size / wanted) if wanted > size else 0.0


def connections(link: Link) -> int:
    """Connections the instances behind a link keep open to the server."""
    per_instance = max(math.ceil(link.pool_size / 4), math.ceil(link.pool_used * 1.3))
    return link.instances * min(link.pool_size, per_instance)


def _pool(link: Link, edges: list[Edge]) -> None:
    pool = link.dependency.pool
    assert pool is not None
    rate = slow_ms = 0.0
    for edge in edges:
        rate += edge.rate
        nominal_ms = sum(
            share * (node.operation.cpu_ms + node.operation.work_ms) for node, share in edge.targets
        )
        answer_ms = sum(share * node.latency_ms for node, share in edge.targets)
        slow_ms += edge.rate * max(0.0, answer_ms - 2 * nominal_ms)
    if rate <= 0.0 or link.reach.value != "ok":
        link.pool_wait_ms = link.pool_error = link.pool_used = 0.0
        return
    hold_ms = pool.hold_ms + slow_ms / rate
    offered = rate / link.instances * hold_ms / 1000
    utilisation = offered / link.pool_size
    link.pool_used = min(float(link.pool_size), offered)
    waiting_ms = error = 0.0
    if utilisation >= 1.0:
        waiting_ms = link.pool_timeout_ms * 0.9
        error = 1 - 0.98 / utilisation
    elif utilisation > _POOL_FREE:
        waiting_ms = wait_ms(hold_ms, link.pool_size, min(utilisation, 0.99))
        error = math.exp(-link.pool_timeout_ms / waiting_ms) * utilisation
        waiting_ms = min(waiting_ms, link.pool_timeout_ms * 0.9)
    if waiting_ms or link.pool_wait_ms:
        link.pool_wait_ms += _POOL_PACE * (waiting_ms - link.pool_wait_ms)
        link.pool_error += _POOL_PACE * (min(0.98, error) - link.pool_error)
        if link.pool_wait_ms > hold_ms:
            link.pool_used = float(link.pool_size)  # somebody always waits, so nothing is ever idle
        if link.pool_wait_ms < 0.01:
            link.pool_wait_ms = link.pool_error = 0.0


def failures(edge: Edge) -> list[Failure]:
    """Why calls over an edge fail, likeliest first."""
    link = edge.link
    found: list[Failure] = []
    if link.reach.value != "ok":
        return [Failure(link.reach.value, 1.0)]
    found.append(Failure("refused", link.refused))
    found.append(Failure("protocol", link.mismatched))
    found.append(Failure("pool", link.pool_error))
    found.append(Failure("clients", link.clients_error))
    for node, share in edge.targets:
        found.append(Failure("status", share * node.error))
        if node.latency_ms > _DIAL_FRACTION * edge.timeout_ms:
            late = exceeds(node.latency_ms, node.operation.sigma, edge.timeout_ms)
            found.append(Failure("deadline", share * (1 - node.error) * late))
    return sorted(
        (failure for failure in found if failure.probability > 0.0),
        key=lambda failure: -failure.probability,
    )


def worst(node: Node) -> tuple[Edge | None, str]:
    """The likeliest way a request to a node fails: an edge and its reason, or ``None`` for its own fault."""
    best: tuple[Edge | None, str] = (None, "own")
    weight = node.own_error
    for edge in node.edges:
        if not edge.call.optional and edge.error * min(1.0, edge.times) > weight:
            reasons = failures(edge)
            if reasons:
                best, weight = (edge, reasons[0].reason), edge.error * min(1.0, edge.times)
    return best
