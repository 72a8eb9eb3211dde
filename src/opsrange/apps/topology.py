"""Who calls whom at this moment: equal instances grouped, names resolved, flags evaluated.

Rebuilt only when the network says that something changed, so that a step is arithmetic over fixed lists.
A *cohort* is the instances of one service that nothing distinguishes: same release, environment, limits, flags and routes.
A *node* is one operation of one cohort, an *edge* one call of one node, a *link* the connections of a cohort to a dependency.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsrange.apps.definition import Call, Definition, Dependency, Effect, Operation, Service
from opsrange.apps.ports import Instance, Network, Reach
from opsrange.apps.processes import Process, Processes, whole
from opsrange.apps.registry import Release

DEFAULT_PORTS = {"postgres": 5432, "redis": 6379, "kafka": 9092, "http": 80, "grpc": 443}
UNLIMITED_CORES = 2.0
"""Cores a container without a limit finds on its node."""

_FLAG_MAX = 1e5
"""Larger values of a flag change nothing more."""


@dataclass(slots=True, eq=False)
class Link:
    """The connections of one cohort to one dependency."""

    name: str
    dependency: Dependency
    host: str
    port: int
    address: str
    reach: Reach
    shares: list[tuple[Cohort, float]] = field(default_factory=list)
    """Where successful connections end, with probabilities."""
    refused: float = 0.0
    mismatched: float = 0.0
    """Probability of reaching a process that speaks something else."""
    pool_size: int = 0
    pool_timeout_ms: float = 0.0
    instances: int = 1
    pool_wait_ms: float = 0.0
    pool_error: float = 0.0
    pool_used: float = 0.0
    clients_error: float = 0.0
    """Probability that the server has no connection to give."""

    @property
    def broken(self) -> float:
        """Probability that a connection attempt fails before anything is sent."""
        if self.reach is not Reach.OK:
            return 1.0
        return min(1.0, self.refused + self.mismatched)


@dataclass(slots=True, eq=False)
class Edge:
    """One call of a node."""

    call: Call
    link: Link
    targets: list[tuple[Node, float]]
    times: float
    timeout_ms: float
    broken: float
    broken_ms: float
    meter_key: tuple[str, str, str]
    rate: float = 0.0
    error: float = 0.0
    """Probability that one call fails, retries included."""
    latency_ms: float = 0.0
    failure_ms: float = 0.0


@dataclass(slots=True, eq=False)
class Node:
    """One operation of a cohort."""

    name: str
    operation: Operation
    cohort: Cohort
    own_error: float
    own_message: str
    extra_ms: float
    cpu_ms: float
    leak_bytes: float
    rate_factor: float
    edges: list[Edge] = field(default_factory=list)
    rate: float = 0.0
    error: float = 0.0
    latency_ms: float = 0.0
    failure_ms: float = 1.0


@dataclass(slots=True, eq=False)
class Cohort:
    """Instances nothing distinguishes."""

    name: str
    service: Service
    release: Release
    instances: list[Instance]
    processes: list[Process]
    cores: float
    memory_limit: float
    flags: dict[str, tuple[Effect, float]]
    nodes: dict[str, Node] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    wait_ms: float = 0.0
    backlog_ms: float = 0.0
    jitter: float = 1.0


@dataclass(slots=True)
class Topology:
    """The graph of the moment, callers before callees."""

    cohorts: list[Cohort]
    nodes: list[Node]
    settled_ms: float
    """The instant at which some process begins to listen, so that the graph changes without the network's word."""

    def of(self, service: str) -> list[Cohort]:
        """The cohorts of a service."""
        return [cohort for cohort in self.cohorts if cohort.name == service]


def target(dependency: Dependency, env: Mapping[str, str]) -> tuple[str, int]:
    """The host and port an environment tells a process to use; port 0 when it tells none."""
    text = env.get(dependency.address[0], "")
    default = DEFAULT_PORTS[dependency.protocol]
    if len(dependency.address) == 2:
        text = f"{text}:{env.get(dependency.address[1], '')}"
    keyed = re.search(r"(?i)\bhost=([^;\s]+)", text)
    if keyed:
        port = re.search(r"(?i)\bport=(\d+)", text)
        return keyed[1], whole(port[1], 0) if port else default
    bare = re.sub(r"^[a-z0-9+]+://", "", text.strip()).partition("/")[0].rpartition("@")[2]
    host, _, number = bare.partition(":")
    return host, whole(number, 0) if number else default


class Flags:
    """Feature flags as flagd serves them; a file that is not valid leaves the last valid one in force."""

    def __init__(self) -> None:
        self._text = ""
        self._values: dict[str, float] = {}

    def read(self, text: str) -> dict[str, float]:
        """Flag name -> value of its default variant as a number; disabled flags are left out."""
        if text != self._text:
            self._text = text
            try:
                document = json.loads(text)
                flags = document["flags"]
                self._values = {name: _value(flag) for name, flag in flags.items()}
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                pass  # flagd keeps what it had
        return self._values


def _value(flag: Any) -> float:
    if flag.get("state") != "ENABLED":
        return 0.0
    value = flag.get("variants", {}).get(flag.get("defaultVariant"), 0)
    if not isinstance(value, bool | int | float) or not math.isfinite(value):
        return 0.0
    return max(0.0, min(_FLAG_MAX, float(value)))


class Surveyor:
    """Builds topologies.

    Args:
        definition: the application.
        network: the estate.
        processes: the state of processes.
    """

    def __init__(self, definition: Definition, network: Network, processes: Processes) -> None:
        self._definition = definition
        self._network = network
        self._processes = processes
        self._flags = Flags()
        self._order = list(_order(definition))

    def survey(self, now_ms: int) -> Topology:
        """The graph of the present instant."""
        instances = [
            instance
            for instance in self._network.instances()
            if instance.workload in self._definition.services
        ]
        self._processes.prune(instances)
        running: list[tuple[Instance, Process]] = []
        settled_ms = float("inf")
        for instance in instances:
            process = self._processes.of(instance)
            if process.serves(now_ms):
                running.append((instance, process))
            elif not process.ended and process.exits.exits_after_ms is None:
                settled_ms = min(settled_ms, process.listening_ms)
        cohorts = self._cohorts(running)
        self._connect(cohorts)
        nodes = [
            cohort.nodes[operation]
            for service, operation in self._order
            for cohort in cohorts
            if cohort.name == service
        ]
        return Topology(cohorts, nodes, settled_ms)

    def _cohorts(self, running: list[tuple[Instance, Process]]) -> list[Cohort]:
        by_uid = {instance.uid: (instance, process) for instance, process in running}
        groups: dict[Any, Cohort] = {}
        for instance, process in running:
            service = self._definition.services[instance.workload]
            flags = self._flags_of(instance, service, by_uid)
            links = [
                self._link(instance, name, dependency, flags)
                for name, dependency in service.dependencies.items()
            ]
            key = (
                instance.workload,
                instance.release,
                instance.cpu_limit_millicores,
                instance.memory_limit_bytes,
                tuple(instance.env.items()),
                tuple((link.reach, link.host, link.port, tuple(raw)) for link, raw in links),
                tuple(flags),
            )
            cohort = groups.get(key)
            if cohort is None:
                limit = instance.cpu_limit_millicores
                cohort = groups[key] = Cohort(
                    name=instance.workload,
                    service=service,
                    release=process.release,
                    instances=[],
                    processes=[],
                    cores=limit / 1000 if limit else UNLIMITED_CORES,
                    memory_limit=instance.memory_limit_bytes or float("inf"),
                    flags=flags,
                    links={link.name: link for link, _ in links},
                )
            cohort.instances.append(instance)
            cohort.processes.append(process)
        cohorts = list(groups.values())
        for cohort in cohorts:
            self._settle(cohort, cohorts)
        return cohorts

    def _flags_of(
        self, instance: Instance, service: Service, by_uid: Mapping[str, tuple[Instance, Process]]
    ) -> dict[str, tuple[Effect, float]]:
        """The flags that are on for an instance, if it can reach a flag service."""
        dependency = service.dependencies.get("flagd")
        if not service.flags or dependency is None:
            return {}
        host, port = target(dependency, instance.env)
        route = self._network.resolve(instance, host, port) if host and port else None
        if route is None or route.reach is not Reach.OK:
            return {}
        for uid, backend_port in route.backends:
            backend, process = by_uid.get(uid, (None, None))
            if backend is None or process is None or backend_port not in process.ports:
                continue
            file = self._definition.services[backend.workload].flag_file
            values = self._flags.read(backend.files.get(file, "")) if file else {}
            return {
                name: (effect, values[name])
                for name, effect in service.flags.items()
                if values.get(name)
            }
        return {}

    def _link(
        self,
        instance: Instance,
        name: str,
        dependency: Dependency,
        flags: Mapping[str, tuple[Effect, float]],
    ) -> tuple[Link, list[tuple[str, int]]]:
        env: Mapping[str, str] = instance.env
        for effect, _ in flags.values():
            if name in effect.redirect:
                env = {**env, dependency.address[0]: effect.redirect[name]}
        host, port = target(dependency, env)
        if not host or not port:
            return Link(name, dependency, host, port, "", Reach.NO_SUCH_HOST), []
        route = self._network.resolve(instance, host, port)
        link = Link(name, dependency, host, port, route.address or f"{host}:{port}", route.reach)
        pool = dependency.pool
        if pool is not None:
            link.pool_size = max(1, whole(env.get(pool.env), pool.size))
            link.pool_timeout_ms = float(whole(env.get(pool.timeout_env), int(pool.timeout_ms)))
        return link, list(route.backends)

    def _settle(self, cohort: Cohort, cohorts: list[Cohort]) -> None:
        """Turn the raw backends of a cohort's links into shares of cohorts."""
        owners = {
            instance.uid: (other, process)
            for other in cohorts
            for instance, process in zip(other.instances, other.processes, strict=True)
        }
        for link in cohort.links.values():
            link.instances = len(cohort.instances)
            if link.reach is not Reach.OK:
                continue
            route = self._network.resolve(cohort.instances[0], link.host, link.port)
            if not route.backends:
                link.refused = 1.0
            for uid, port in route.backends:
                share = 1.0 / len(route.backends)
                owner, process = owners.get(uid, (None, None))
                if owner is None or process is None or port not in process.ports:
                    link.refused += share
                elif owner.name != link.name or process.ports[port] != link.dependency.protocol:
                    link.mismatched += share
                else:
                    for index, (known, before) in enumerate(link.shares):
                        if known is owner:
                            link.shares[index] = (owner, before + share)
                            break
                    else:
                        link.shares.append((owner, share))

    def _connect(self, cohorts: list[Cohort]) -> None:
        for cohort in cohorts:
            for name, operation in cohort.service.operations.items():
                cohort.nodes[name] = _node(cohort, name, operation)
        for cohort in cohorts:
            for node in cohort.nodes.values():
                node.edges = [_edge(cohort, call) for call in node.operation.calls]


def _node(cohort: Cohort, name: str, operation: Operation) -> Node:
    release = cohort.release
    healthy = 1 - operation.error_rate
    node = Node(
        name=name,
        operation=operation,
        cohort=cohort,
        own_error=1 - healthy * (1 - release.error_rate),
        own_message=release.error_message if release.error_rate else "context canceled",
        extra_ms=operation.work_ms * (release.latency_factor - 1),
        cpu_ms=operation.cpu_ms * release.cpu_factor,
        leak_bytes=release.memory_leak_bytes_per_request,
        rate_factor=1.0,
    )
    for effect, value in cohort.flags.values():
        if effect.operations and name not in effect.operations:
            continue
        if effect.error_rate:
            node.own_error = 1 - (1 - node.own_error) * (1 - min(1.0, effect.error_rate * value))
            node.own_message = effect.message or "feature flag enabled"
        node.extra_ms += effect.latency_ms + effect.latency_ms_per_value * value
        node.cpu_ms *= effect.cpu_factor
        node.leak_bytes += effect.leak_bytes + effect.leak_bytes_per_value * value
        node.rate_factor *= effect.rate_factor * (1 + effect.load_factor * value)
    return node


def _edge(cohort: Cohort, call: Call) -> Edge:
    link = cohort.links[call.to]
    times = call.times
    for effect, value in cohort.flags.values():
        if call.to in effect.calls_factor:
            times *= 1 + effect.calls_factor[call.to] * value
    timeout_ms = link.dependency.timeout_ms
    return Edge(
        call=call,
        link=link,
        targets=[(other.nodes[call.op], share) for other, share in link.shares],
        times=times,
        timeout_ms=timeout_ms,
        broken=link.broken if link.shares else 1.0,
        broken_ms=timeout_ms if link.reach is Reach.TIMEOUT else 2.0,
        meter_key=(cohort.name, call.to, call.op),
    )


def _order(definition: Definition) -> Iterator[tuple[str, str]]:
    """Every (service, operation), callers before callees.

    Operations form no cycles: the walk below would not end otherwise, and the definition's own test says so.
    """
    depth: dict[tuple[str, str], int] = {}

    def visit(service: str, operation: str, level: int) -> None:
        if depth.get((service, operation), -1) >= level:
            return
        depth[service, operation] = level
        for call in definition.services[service].operations[operation].calls:
            visit(call.to, call.op, level + 1)

    for service, part in definition.services.items():
        for operation in part.operations:
            visit(service, operation, 0)
    yield from sorted(depth, key=lambda key: depth[key])
