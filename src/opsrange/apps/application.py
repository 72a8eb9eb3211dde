"""An application alive: steps of five seconds, and answers about its processes and its front door."""

from __future__ import annotations

import hashlib
import math
import random
from collections import deque
from dataclasses import dataclass

from opsrange.apps import flow
from opsrange.apps.definition import Definition
from opsrange.apps.manifests import render
from opsrange.apps.metrics import EMIT_S, Metrics
from opsrange.apps.narration import Narrator
from opsrange.apps.ports import Instance, Network, Reach, Sink, Supervisor
from opsrange.apps.processes import Process, Processes, Start, whole
from opsrange.apps.registry import Registry
from opsrange.apps.stores import Holding, Stores
from opsrange.apps.topology import Node, Surveyor, Topology
from opsrange.apps.traces import Tracer
from opsrange.types import Json
from opsrange.world import Kernel

STEP_MS = 5_000
STEP_PRIORITY = -10
"""Before the scrapes of the same instant."""
_JOURNEYS_MAX = 50_000
_USERS_MAX = 20_000
"""Synthetic users one load generator can play, whatever it is told."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What users got out of one operation in one step."""

    instant_ms: int
    operation: str
    attempted: int
    failed: int
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Health:
    """The answer to a probe."""

    ok: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """Resources a process uses."""

    cpu_millicores: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Page:
    """What the front door answers."""

    status: int
    body: str


class Application:
    """A running installation.

    Args:
        kernel: clock and random streams.
        network: running instances, and where names lead.
        sink: where telemetry goes.
        supervisor: told when a process ends of itself.
        definition: what the application is.
    """

    def __init__(
        self,
        kernel: Kernel,
        network: Network,
        sink: Sink,
        supervisor: Supervisor,
        definition: Definition,
    ) -> None:
        self.definition = definition
        self.observed = True
        """Whether anybody will look at what the application tells of itself."""
        self.registry = Registry(definition)
        self.journeys: deque[Journey] = deque(maxlen=_JOURNEYS_MAX)
        """The truth about service levels, oldest first."""
        self._kernel = kernel
        self._network = network
        self._supervisor = supervisor
        self._processes = Processes(definition, self.registry)
        self._stores = Stores(definition)
        self._surveyor = Surveyor(definition, network, self._processes)
        self._metrics = Metrics(sink, kernel.streams.stream("apps.metrics"))
        self._narrator = Narrator(definition, sink, kernel.streams.stream("apps.logs"))
        self._tracer = Tracer(sink, kernel.streams.stream("apps.traces"))
        self._load = kernel.streams.stream("apps.load")
        self._jitter = kernel.streams.stream("apps.jitter")
        self._phase = self._load.random() * 2 * math.pi
        self._topology = Topology([], [], 0.0)
        self._version: int | None = None

    @property
    def data(self) -> dict[tuple[str, str], Holding]:
        """Durable state by (service, store)."""
        return self._stores.data

    @property
    def lags(self) -> dict[str, float]:
        """Unread messages by consumer group."""
        return self._stores.lags()

    def start(self) -> None:
        """Begin to step."""
        self._kernel.every(STEP_MS, self._step, priority=STEP_PRIORITY)

    def manifests(self, namespace: str, variant: random.Random) -> list[Json]:
        """The Kubernetes objects of a healthy installation, in an order that can be applied.

        Args:
            namespace: where they live.
            variant: draws replica counts and other harmless differences.
        """
        return render(self.definition, self.registry, namespace, variant)

    # What the container runtime asks.

    def begin(self, instance: Instance) -> Start:
        """A container's process begins now; says whether and how it will end."""
        process = self._processes.start(instance)
        self._version = None
        outcome = process.exits
        if outcome.exits_after_ms is not None:
            words = self._narrator.last_words(instance, outcome.message, self._kernel.now_ms)
            return Start(outcome.exits_after_ms, outcome.exit_code, words)
        if process.foreign:
            return outcome
        limit = instance.memory_limit_bytes
        if limit and process.base_bytes > limit:
            self._kernel.at(process.listening_ms - 200, lambda: self._starve(instance, process))
        self._announce(instance, process)
        return outcome

    def end(self, instance: Instance) -> None:
        """A container's process has ended, for whatever reason."""
        self._processes.stop(instance)
        self._version = None

    def probe(self, instance: Instance, port: int, path: str = "") -> Health:
        """Probe a port of a process: does it listen there, and does it know the path?"""
        process = self._processes.of(instance)
        if not process.serves(self._kernel.now_ms) or port not in process.ports:
            return Health(ok=False, message="connection refused")
        if path and process.ports[port] != "http":
            return Health(ok=False, message="malformed HTTP response")
        health = self.definition.services[instance.workload].health
        known = health.path if health is not None else ""
        if path and known and path.rstrip("/") not in (known, ""):
            return Health(ok=False, message="HTTP probe failed with statuscode: 404")
        return Health(ok=True)

    def usage(self, instance: Instance) -> Use:
        """What a process uses now."""
        process = self._processes.of(instance)
        return Use(round(process.cpu_millicores), round(process.memory_bytes))

    # What a client at the front door sees.

    def respond(self, path: str) -> Page:
        """What an HTTP GET on the front door answers at this instant. Asking changes nothing."""
        entry = self.definition.entry
        route = self._network.resolve(None, entry.service, entry.port)
        cohorts = self._topology.of(entry.service)
        nodes = [node for cohort in cohorts for node in cohort.nodes.values()]
        uids = {each.uid for cohort in cohorts for each in cohort.instances}
        if route.reach is Reach.TIMEOUT:
            return Page(504, "upstream request timeout")
        if route.reach is not Reach.OK or not any(uid in uids for uid, _ in route.backends):
            return Page(503, "no healthy upstream")
        matches = [
            (len(prefix), node)
            for node in nodes
            for prefix in node.operation.paths
            if path.startswith(prefix) and (prefix != "/" or path in ("/", ""))
        ]
        if not matches:
            return Page(404, "404: This page could not be found.")
        node = max(matches, key=lambda match: match[0])[1]
        draw = hashlib.sha256(f"{self._kernel.now_ms}{path}".encode()).digest()[0] / 256
        if draw >= node.error:
            title = self.definition.registry.rpartition("/")[2].capitalize()
            return Page(200, f"<!doctype html><html><head><title>{title}</title></head></html>")
        edge, reason = flow.worst(node)
        if edge is None or reason == "status":
            return Page(500, '{"error":"Internal Server Error"}')
        if reason == "deadline":
            return Page(504, "upstream request timeout")
        return Page(
            503,
            "upstream connect error or disconnect/reset before headers. "
            f"reset reason: remote connection failure ({reason.replace('_', ' ')})",
        )

    # One step.

    def _refresh(self) -> None:
        now_ms = self._kernel.now_ms
        version = self._network.version
        if version == self._version and now_ms < self._topology.settled_ms:
            return
        before = self._topology
        self._version = version
        self._topology = self._surveyor.survey(now_ms)
        _inherit(before, self._topology)
        self._stores.hold(self._network.instances())
        self._stores.bind(self._topology)
        self._metrics.bind(self._topology)

    def _step(self) -> None:
        self._refresh()
        topology = self._topology
        for node in topology.nodes:
            node.rate = 0.0
        roots = self._users(topology)
        self._stores.demand()
        flow.forward(topology)
        flow.compute(topology, [self._jitter.random() for _ in topology.cohorts])
        flow.backward(topology)
        flow.pools(topology)
        self._stores.settle(STEP_MS / 1000)
        self._record(roots)
        if self.observed:
            self._tell(topology, roots)
        self._kill()

    def _tell(self, topology: Topology, roots: list[Node]) -> None:
        """Metrics, logs and traces of the step; nothing of the model depends on them."""
        now_ms = self._kernel.now_ms
        self._metrics.accumulate(STEP_MS / 1000)
        self._narrator.narrate(topology, now_ms)
        self._tracer.trace(topology, roots, now_ms)
        if now_ms % (EMIT_S * 1000) == 0:
            self._metrics.emit(topology, self._stores)

    def _users(self, topology: Topology) -> list[Node]:
        """Set the rates of the synthetic users' operations: each thinks, asks, waits, and thinks again."""
        load = self.definition.load
        hours = self._kernel.now_ms / 3_600_000
        wave = 1 + 0.06 * math.sin(hours * 2.1 + self._phase) + 0.03 * math.sin(hours * 17)
        roots: list[Node] = []
        for cohort in topology.of(load.service):
            told = whole(cohort.instances[0].env.get(load.users_env), load.users)
            users = min(_USERS_MAX, told)
            nodes = list(cohort.nodes.values())
            total = sum(node.operation.weight for node in nodes)
            waiting_ms = sum(
                node.operation.weight
                * (node.latency_ms * (1 - node.error) + node.failure_ms * node.error)
                for node in nodes
            )
            pace = users * wave * len(cohort.instances) / (load.think_s + waiting_ms / total / 1000)
            for node in nodes:
                mean = pace * node.operation.weight / total * node.rate_factor * STEP_MS / 1000
                drawn = self._load.gauss(mean, math.sqrt(mean))
                node.rate = max(0.0, round(drawn)) * 1000 / STEP_MS
            roots.extend(nodes)
        return roots

    def _record(self, roots: list[Node]) -> None:
        """Write down what users got. Nobody asking is written down too."""
        now_ms = self._kernel.now_ms
        asked: dict[str, list[Node]] = {}
        for node in roots:
            asked.setdefault(node.name, []).append(node)
        for name in self.definition.services[self.definition.load.service].operations:
            attempted = failed = 0
            p95_ms = 0.0
            for node in asked.get(name, ()):
                tried = round(node.rate * STEP_MS / 1000)
                attempted += tried
                failed += min(tried, int(tried * node.error + self._load.random()))
                slow_ms = flow.p95_ms(node.latency_ms, node.operation.sigma)
                p95_ms = max(p95_ms, slow_ms, node.failure_ms if node.error > 0.05 else 0.0)
            self.journeys.append(Journey(now_ms, name, attempted, failed, round(p95_ms, 2)))

    def _kill(self) -> None:
        """End the processes that exceed their memory limit."""
        killed = [
            (instance, process)
            for cohort in self._topology.cohorts
            for instance, process in zip(cohort.instances, cohort.processes, strict=True)
            if process.memory_bytes > cohort.memory_limit
        ]
        for instance, process in killed:
            self._starve(instance, process)

    def _starve(self, instance: Instance, process: Process) -> None:
        """The kernel of the node ends a process that needs more memory than it may have."""
        if not process.ended and self._processes.holds(instance, process):
            process.ended = True
            self._version = None
            self._supervisor.exited(instance.uid, instance.container, 137, "OOMKilled")

    def _announce(self, instance: Instance, process: Process) -> None:
        """Let a process say that it listens, when it does."""

        def announce() -> None:
            if self._processes.holds(instance, process) and process.serves(self._kernel.now_ms):
                port = next(iter(process.ports))
                self._narrator.started(instance, port, self._kernel.now_ms)

        self._kernel.at(process.listening_ms, announce)


def _inherit(before: Topology, after: Topology) -> None:
    """Carry what a step hands to the next over to a new topology."""
    old = {instance.uid: cohort for cohort in before.cohorts for instance in cohort.instances}
    for cohort in after.cohorts:
        former = old.get(cohort.instances[0].uid)
        if former is None:
            continue
        cohort.backlog_ms, cohort.jitter = former.backlog_ms, former.jitter
        for name, node in cohort.nodes.items():
            same = former.nodes[name]
            node.rate, node.latency_ms = same.rate, same.latency_ms
            node.error, node.failure_ms = same.error, same.failure_ms
            for edge, known in zip(node.edges, same.edges, strict=True):
                edge.error = known.error if edge.link.broken < 1 else 1.0
        for name, link in cohort.links.items():
            known_link = former.links[name]
            link.pool_used, link.clients_error = known_link.pool_used, known_link.clients_error
            link.pool_wait_ms, link.pool_error = known_link.pool_wait_ms, known_link.pool_error
