"""One enterprise, whole: cluster, application and telemetry on one kernel, wired to each other.

Its life before an attempt: installed some days ago, releases since, then one hour of healthy history with traffic.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from opsrange.apps.application import Application, Journey
from opsrange.apps.definition import load
from opsrange.estates import platform, snapshot
from opsrange.estates.endpoints.front_door import FrontDoor
from opsrange.estates.endpoints.throttle import Bucket, Throttled
from opsrange.estates.endpoints.total import Total
from opsrange.estates.network import EstateNetwork
from opsrange.estates.objects import Objects
from opsrange.estates.runtime import EstateRuntime
from opsrange.estates.sink import EstateSink
from opsrange.estates.state_metrics import StateMetrics
from opsrange.estates.variant import Variant, draw_variant
from opsrange.kube.cluster import Cluster
from opsrange.kube.quantities import parse_quantity
from opsrange.kube.status_errors import too_many_requests
from opsrange.telemetry import silences
from opsrange.telemetry.promql import Engine
from opsrange.telemetry.ruleset import default_rules
from opsrange.telemetry.telemetry import Telemetry
from opsrange.trace import StateChange
from opsrange.types import SECOND_MS, Json
from opsrange.wire import Handler, Response
from opsrange.world import Kernel

_NODES = 3
_PAGING_SEVERITIES = {"critical", "warning"}
_SILENCE_VERBS = {"update": "update", "expire": "delete"}


@dataclass(frozen=True, slots=True)
class Alert:
    """A firing alert that an operator is paged for."""

    name: str
    labels: Mapping[str, str]
    severity: str
    summary: str
    description: str
    active_ms: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What users met over a stretch of time."""

    attempted_per_s: float
    failed_per_s: float
    p95_ms: float
    """The mean of the steps' 95th percentiles, weighted by demand."""


class Estate:
    """A living estate, one healthy hour before anything happens to it.

    Args:
        seed: any text; draws names, sizes, history and noise.
        furnish: adds to what has just been installed, as old as the rest.
    """

    def __init__(self, seed: str, furnish: Callable[[Estate], None] | None = None) -> None:
        stream = random.Random(f"opsrange {seed}")
        self.variant: Variant = draw_variant(stream)
        self.kernel = Kernel(seed, self.variant.installed_ms)
        self.telemetry = Telemetry(self.kernel, default_rules())
        runtime = EstateRuntime()
        self.cluster = Cluster(self.kernel, runtime, self.telemetry.logs)
        self.operator = Objects(self.cluster.writer, "operator")
        definition = load("shop")
        services = {definition.repository(name): name for name in definition.services}
        self.network = EstateNetwork(
            self.cluster.store,
            lambda image: services.get(image.rpartition(":")[0]),
            self.variant.namespace,
        )
        self.application = Application(
            self.kernel,
            self.network,
            EstateSink(self.kernel, self.telemetry),
            self.cluster,
            definition,
        )
        runtime.bind(self.application, self.network)
        self._runtime = runtime
        self._bucket = Bucket(self.kernel)
        self.defects: list[str] = []
        """Questions that one of our own defects left without a proper answer: there should be none. They void an attempt."""
        metrics = self.telemetry.metrics
        state_metrics = StateMetrics(
            self.cluster.store,
            runtime,
            metrics,
            certificate_ms=self.variant.certificate_ms,
        )
        metrics.collector(state_metrics.collect)
        self._install(stream, furnish)

    # -- becoming an estate --------------------------------------------------------------------------

    def _install(self, stream: random.Random, furnish: Callable[[Estate], None] | None) -> None:
        self.cluster.start()
        nodes = list(platform.node_manifests(stream, _NODES))
        self.cluster.apply_all(nodes)
        for manifest in nodes:
            node = self.operator.get("nodes", "", manifest["metadata"]["name"])
            status = {**node.get("status", {}), **manifest["status"]}
            self.cluster.set_status(node, status, actor="kubelet")
        namespaces = [
            platform.namespace_manifest(name) for name in (platform.MONITORING, self.namespace)
        ]
        application = self.application.manifests(self.namespace, stream)
        self.cluster.apply_all(
            [*namespaces, *platform.workload_manifests(), *self.variant.adapted(application)]
        )
        self.cluster.settle()
        installed = self.cluster.store.resource_version
        if furnish is not None:
            furnish(self)
        if self.cluster.store.resource_version != installed:
            self.cluster.settle()
        for service, gap_ms in self.variant.releases:
            self.kernel.leap(gap_ms)
            self._release_latest(service)
            self.cluster.settle()
        self.kernel.leap(self.variant.opens_ms - self.kernel.now_ms)
        self.cluster.recorder.forget_old()  # in a leap no timer fires
        self.application.start()
        self.telemetry.start()

    def _release_latest(self, service: str) -> None:
        def edit(document: Json) -> None:
            container = document["spec"]["template"]["spec"]["containers"][0]
            repository = container["image"].rpartition(":")[0]
            container["image"] = f"{repository}:{self.application.registry.tags(service)[-1]}"

        self.operator.change("deployments", self.namespace, service, edit)

    # -- what it is ------------------------------------------------------------------------------------

    @property
    def namespace(self) -> str:
        """Where the application runs."""
        return self.variant.namespace

    @cached_property
    def handlers(self) -> Mapping[str, Handler]:
        """Every endpoint that can be reached from the seat, by ``host:port``."""
        reads: dict[str, Handler] = {
            "prometheus:9090": self.telemetry.prometheus,
            "alertmanager:9093": self.telemetry.alertmanager,
            "jaeger:16686": self.telemetry.jaeger,
            "frontend-proxy:8080": FrontDoor(self.application),
        }
        total = {
            address: Total(inner, self.kernel, self.defects.append)
            for address, inner in reads.items()
        }
        refused = Response.json(too_many_requests().status, 429)
        every = {"kubernetes:6443": self.cluster.handler, **total}
        return {
            address: Throttled(inner, self._bucket, refused) for address, inner in every.items()
        }

    @property
    def critical_services(self) -> Sequence[str]:
        """Stateless services whose outage fails some user-facing operation, in alphabetical order."""
        return self.variant.critical_services

    @property
    def protected(self) -> Sequence[str]:
        """Entities that measure or generate demand, as regular expressions."""
        return (
            rf"{self.namespace}/(Deployment|ReplicaSet|Pod|ConfigMap|Service)/load-generator.*",
            rf"{platform.MONITORING}/.*",
            rf"{platform.SYSTEM}/.*",
        )

    def pods_of(self, service: str) -> Sequence[Json]:
        """The pods of a service's deployment."""
        wanted = f"{self.namespace}/Deployment/{service}"
        pods = self.operator.list("pods", self.namespace)
        return [pod for pod in pods if snapshot.workload_of(pod) == wanted]

    def memory_bytes(self, service: str) -> int:
        """The largest present working set among a service's containers."""
        return max(
            self._runtime.usage(pod, pod["spec"]["containers"][0]["name"]).memory_bytes
            for pod in self.pods_of(service)
        )

    def memory_limit_bytes(self, service: str) -> int:
        """The memory limit of a service's container."""
        container = self.pods_of(service)[0]["spec"]["containers"][0]
        return int(parse_quantity(container["resources"]["limits"]["memory"]))

    def requests_per_s(self, service: str) -> float:
        """Requests that one instance of a service answers now."""
        query = f'sum(rate(traces_span_metrics_calls_total{{service_name="{service}",span_kind="SPAN_KIND_SERVER"}}[5m]))'
        found = Engine(self.telemetry.metrics).vector(query, self.kernel.now_ms).values
        return (found[0] if found else 0.0) / max(1, len(self.pods_of(service)))

    # -- time ------------------------------------------------------------------------------------------

    def advance(self, duration_ms: int) -> None:
        """Let time pass."""
        self.kernel.advance_to(self.kernel.now_ms + duration_ms)

    def stop_observing(self) -> None:
        """Derive no telemetry from now on: for copies whose state alone will be looked at. Saves most of the work."""
        self.application.observed = False
        self.telemetry.stop()

    # -- how it is doing -------------------------------------------------------------------------------

    def journey_rates(self, window_ms: int) -> Mapping[str, Rates]:
        """What users met per operation during the last ``window_ms``."""
        since_ms = self.kernel.now_ms - window_ms
        recent = [journey for journey in self.application.journeys if journey.instant_ms > since_ms]
        return _rates(recent, window_ms)

    def health(self, window_ms: int) -> dict[str, float]:
        """Success ratio per operation during the last ``window_ms``."""
        return {
            operation: round(1 - rates.failed_per_s / rates.attempted_per_s, 4)
            if rates.attempted_per_s
            else 0.0
            for operation, rates in self.journey_rates(window_ms).items()
        }

    def journey_history(
        self, since_ms: int, window_ms: int
    ) -> Iterator[tuple[int, Mapping[str, Rates]]]:
        """Per window from ``since_ms`` on: its first instant, and what users met in it per operation."""
        windows: dict[int, list[Journey]] = {}
        for journey in self.application.journeys:
            if journey.instant_ms > since_ms:
                index = (journey.instant_ms - since_ms - 1) // window_ms
                windows.setdefault(since_ms + index * window_ms, []).append(journey)
        for start_ms, journeys in sorted(windows.items()):
            yield start_ms, _rates(journeys, window_ms)

    def paging_alerts(self) -> list[Alert]:
        """Alerts that page now, silenced or not, the one that has been active longest first."""
        found = [
            Alert(
                name=alert.name,
                labels=alert.labels,
                severity=alert.labels.get("severity", ""),
                summary=alert.annotations.get("summary", ""),
                description=alert.annotations.get("description", ""),
                active_ms=alert.active_ms,
            )
            for alert in self.telemetry.alerts.firing()
            if alert.labels.get("severity") in _PAGING_SEVERITIES
        ]
        return sorted(
            found, key=lambda alert: (alert.active_ms, alert.name, sorted(alert.labels.items()))
        )

    def snapshot(self) -> Json:
        """The whole world as plain data, for comparison with another one."""
        store = self.cluster.store
        return {
            "objects": snapshot.normalised(snapshot.documents(store)),
            "running": snapshot.running(store),
            "data": {
                f"{service}/{name}": held.lost
                for (service, name), held in self.application.data.items()
            },
            "silences": [
                {"id": item.id, "matchers": [f"{m.name}{m.op}{m.value}" for m in item.matchers]}
                for item in self.telemetry.alerts.silences
                if item.state(self.kernel.now_ms) != "expired"
            ],
        }

    def documents(self) -> dict[str, Json]:
        """Every object that people decide, by entity name. Treat them as immutable."""
        return snapshot.documents(self.cluster.store)

    def expire_silences(self, actor: str) -> None:
        """End what an actor silenced."""
        for silence in self.telemetry.alerts.silences:
            if silence.actor == actor:
                self.telemetry.alerts.silences.expire(silence.id)

    def telemetry_changes(self, actor: str, since: int) -> list[StateChange]:
        """What an actor did to alerting from an entry of the journal on: silences, and alerts posted by hand."""
        return [
            StateChange(
                actor=entry.actor,
                verb=_SILENCE_VERBS.get(entry.data.get("verb", ""), "create"),
                entity="cluster/Silence/alertmanager"
                if entry.topic == silences.TOPIC
                else "cluster/Alert/alertmanager",
                path=entry.topic,
                new=entry.data,
            )
            for entry in self.kernel.journal.entries[since:]
            if entry.actor == actor and entry.topic.startswith("alert.")
        ]


def _rates(journeys: Iterable[Journey], window_ms: int) -> Mapping[str, Rates]:
    """Steps of users' journeys, summed per operation over a window."""
    sums: dict[str, list[float]] = {}
    for journey in journeys:
        total = sums.setdefault(journey.operation, [0.0, 0.0, 0.0])
        total[0] += journey.attempted
        total[1] += journey.failed
        total[2] += journey.p95_ms * journey.attempted
    seconds = window_ms / SECOND_MS
    return {
        operation: Rates(
            attempted / seconds, failed / seconds, weighted / attempted if attempted else 0.0
        )
        for operation, (attempted, failed, weighted) in sorted(sums.items())
    }
