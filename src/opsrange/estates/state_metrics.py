"""What kube-state-metrics, cAdvisor, the API server and the scrapes themselves tell, read at each scrape.

Metric and label names follow those two exporters' documentation. What only changes with the objects is kept until
one changes; usage is asked anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opsrange.estates.objects import kind_named
from opsrange.estates.platform import SCRAPED_PORTS, THROTTLED
from opsrange.kube.quantities import parse_quantity
from opsrange.kube.runtime import ContainerRuntime
from opsrange.kube.store import Change, Store
from opsrange.telemetry.metrics import MetricStore
from opsrange.types import HOUR_MS, Json

Sample = tuple[str, dict[str, str], float]

_PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
_SECONDS_PER_SCRAPE = 15.0
_PERIODS_PER_SCRAPE = _SECONDS_PER_SCRAPE / 0.1  # the kernel's CFS period is 100 ms
_THROTTLED_SHARE = 0.34
"""Share of its periods in which the platform's throttled workload waits."""
_STATE_TARGET = {"job": "kube-state-metrics", "instance": "kube-state-metrics.monitoring.svc:8080"}
_API_TARGET = {"job": "apiserver", "instance": "172.18.0.254:6443"}


class StateMetrics:
    """Collects from a cluster into a metric store.

    Args:
        store: the cluster's objects.
        runtime: asked for the usage of running containers.
        metrics: where the samples go.
        certificate_ms: the instant at which an old client certificate expires; a standing, harmless alert.
    """

    def __init__(
        self,
        store: Store,
        runtime: ContainerRuntime,
        metrics: MetricStore,
        *,
        certificate_ms: int,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._metrics = metrics
        self._certificate_ms = certificate_ms
        self._by_kind: dict[str, list[int]] = {}
        """Per kind that has not changed since, the columns of its gauges."""
        store.subscribe(self._notice)

    def _notice(self, change: Change) -> None:
        self._by_kind.pop(change.kind.plural, None)
        if change.verb == "DELETED" and change.kind.plural == "pods":
            metadata = change.last["metadata"]
            self._metrics.forget({"namespace": metadata["namespace"], "pod": metadata["name"]})

    def collect(self) -> None:
        """Set every gauge to what the cluster says now."""
        for plural, sampler in _SAMPLERS.items():
            columns = self._by_kind.get(plural)
            if columns is None:
                self._by_kind[plural] = [
                    self._metrics.gauge(name, {**labels, **_STATE_TARGET}, value)
                    for document in self._store.list(kind_named(plural))
                    for name, labels, value in sampler(document)
                ]
            else:
                self._metrics.keep(columns)
        self._collect_usage()
        self._collect_targets()
        left_days = (self._certificate_ms - self._store.kernel.now_ms) / (24 * HOUR_MS)
        self._metrics.gauge(
            "apiserver_client_certificate_expiration_days", _API_TARGET, round(left_days, 3)
        )

    def _collect_targets(self) -> None:
        """Whether each target that is scraped answers."""
        self._metrics.gauge("up", _API_TARGET, 1.0)
        for node in self._store.list(kind_named("nodes")):
            self._metrics.gauge("up", {**_kubelet_of(node), "node": node["metadata"]["name"]}, 1.0)
        for pod in self._store.list(kind_named("pods")):
            labels, status = pod["metadata"].get("labels", {}), pod.get("status", {})
            name = labels.get("app.kubernetes.io/name", "")
            if name in SCRAPED_PORTS and labels.get("app.kubernetes.io/part-of") == "platform":
                target = {
                    "job": name,
                    "instance": f"{status.get('podIP', '')}:{SCRAPED_PORTS[name]}",
                }
                place = {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]}
                self._metrics.gauge(
                    "up", {**target, **place}, float(status.get("phase") == "Running")
                )

    def _collect_usage(self) -> None:
        kubelets = {
            node["metadata"]["name"]: _kubelet_of(node)
            for node in self._store.list(kind_named("nodes"))
        }
        for pod in self._store.list(kind_named("pods")):
            metadata = pod["metadata"]
            for status in pod.get("status", {}).get("containerStatuses", []):
                if "running" not in status.get("state", {}):
                    continue
                usage = self._runtime.usage(pod, status["name"])
                node = pod["spec"].get("nodeName", "")
                labels = {
                    **kubelets.get(node, {}),
                    "namespace": metadata["namespace"],
                    "pod": metadata["name"],
                    "container": status["name"],
                    "node": node,
                }
                self._metrics.gauge(
                    "container_memory_working_set_bytes", labels, usage.memory_bytes
                )
                seconds = usage.cpu_millicores / 1000 * _SECONDS_PER_SCRAPE
                self._metrics.count("container_cpu_usage_seconds_total", labels, seconds)
                if status["name"] == THROTTLED:
                    self._metrics.count(
                        "container_cpu_cfs_periods_total", labels, _PERIODS_PER_SCRAPE
                    )
                    self._metrics.count(
                        "container_cpu_cfs_throttled_periods_total",
                        labels,
                        _PERIODS_PER_SCRAPE * _THROTTLED_SHARE,
                    )


def _kubelet_of(node: Json) -> dict[str, str]:
    addresses = {
        item["type"]: item["address"] for item in node.get("status", {}).get("addresses", [])
    }
    return {"job": "kubelet", "instance": f"{addresses.get('InternalIP', '')}:10250"}


def _pod_samples(pod: Json) -> Iterator[Sample]:
    metadata, status = pod["metadata"], pod.get("status", {})
    labels = {"namespace": metadata["namespace"], "pod": metadata["name"]}
    creator = next(iter(metadata.get("ownerReferences", [])), {"kind": "", "name": ""})
    owner = {"created_by_kind": creator["kind"], "created_by_name": creator["name"]}
    yield "kube_pod_info", {**labels, **owner, "node": pod["spec"].get("nodeName", "")}, 1
    for phase in _PHASES:
        yield (
            "kube_pod_status_phase",
            {**labels, "phase": phase},
            float(status.get("phase") == phase),
        )
    conditions = {item["type"]: item["status"] for item in status.get("conditions", [])}
    for answer in ("true", "false"):
        ready = conditions.get("Ready", "False").lower() == answer
        yield "kube_pod_status_ready", {**labels, "condition": answer}, float(ready)
    for container in status.get("containerStatuses", []):
        yield from _container_samples({**labels, "container": container["name"]}, container)
    for container in pod["spec"]["containers"]:
        named = {**labels, "container": container["name"]}
        for side in ("requests", "limits"):
            for resource, quantity in container.get("resources", {}).get(side, {}).items():
                unit = "core" if resource == "cpu" else "byte"
                name = f"kube_pod_container_resource_{side}"
                yield (
                    name,
                    {**named, "resource": resource, "unit": unit},
                    float(parse_quantity(quantity)),
                )
                if (side, resource) == ("limits", "memory"):
                    yield (
                        "container_spec_memory_limit_bytes",
                        named,
                        float(parse_quantity(quantity)),
                    )


def _container_samples(labels: dict[str, str], status: Json) -> Iterator[Sample]:
    yield "kube_pod_container_status_restarts_total", labels, status.get("restartCount", 0)
    yield "kube_pod_container_status_ready", labels, float(bool(status.get("ready")))
    state = status.get("state", {})
    if "waiting" in state:
        reason = state["waiting"].get("reason", "")
        yield "kube_pod_container_status_waiting_reason", {**labels, "reason": reason}, 1
    ended = status.get("lastState", {}).get("terminated", {})
    if ended:
        reason = ended.get("reason", "Error")
        yield "kube_pod_container_status_last_terminated_reason", {**labels, "reason": reason}, 1


def _deployment_samples(document: Json) -> Iterator[Sample]:
    labels = {
        "namespace": document["metadata"]["namespace"],
        "deployment": document["metadata"]["name"],
    }
    status = document.get("status", {})
    yield "kube_deployment_spec_replicas", labels, document["spec"].get("replicas", 1)
    for field, name in (
        ("replicas", "kube_deployment_status_replicas"),
        ("availableReplicas", "kube_deployment_status_replicas_available"),
        ("unavailableReplicas", "kube_deployment_status_replicas_unavailable"),
        ("updatedReplicas", "kube_deployment_status_replicas_updated"),
    ):
        yield name, labels, status.get(field, 0)
    yield "kube_deployment_metadata_generation", labels, document["metadata"].get("generation", 1)
    yield "kube_deployment_status_observed_generation", labels, status.get("observedGeneration", 0)
    for condition in status.get("conditions", []):
        for answer in ("true", "false"):
            named = {
                **labels,
                "condition": condition["type"],
                "status": answer,
                "reason": condition.get("reason", ""),
            }
            yield (
                "kube_deployment_status_condition",
                named,
                float(condition["status"].lower() == answer),
            )


def _replica_set_samples(document: Json) -> Iterator[Sample]:
    if not document["spec"].get("replicas"):
        return
    labels = {
        "namespace": document["metadata"]["namespace"],
        "replicaset": document["metadata"]["name"],
    }
    yield "kube_replicaset_status_replicas", labels, document.get("status", {}).get("replicas", 0)
    yield "kube_replicaset_spec_replicas", labels, document["spec"]["replicas"]
    yield (
        "kube_replicaset_status_ready_replicas",
        labels,
        document.get("status", {}).get("readyReplicas", 0),
    )


def _quota_samples(document: Json) -> Iterator[Sample]:
    labels = {
        "namespace": document["metadata"]["namespace"],
        "resourcequota": document["metadata"]["name"],
    }
    for side in ("hard", "used"):
        for resource, quantity in document.get("status", {}).get(side, {}).items():
            yield (
                "kube_resourcequota",
                {**labels, "resource": resource, "type": side},
                float(parse_quantity(quantity)),
            )


def _autoscaler_samples(document: Json) -> Iterator[Sample]:
    metadata, spec, status = document["metadata"], document["spec"], document.get("status", {})
    labels = {"namespace": metadata["namespace"], "horizontalpodautoscaler": metadata["name"]}
    yield "kube_horizontalpodautoscaler_spec_max_replicas", labels, spec["maxReplicas"]
    yield "kube_horizontalpodautoscaler_spec_min_replicas", labels, spec.get("minReplicas", 1)
    yield (
        "kube_horizontalpodautoscaler_status_current_replicas",
        labels,
        status.get("currentReplicas", 0),
    )
    yield (
        "kube_horizontalpodautoscaler_status_desired_replicas",
        labels,
        status.get("desiredReplicas", 0),
    )


def _node_samples(document: Json) -> Iterator[Sample]:
    labels = {"node": document["metadata"]["name"]}
    yield "kube_node_info", labels, 1
    yield "kube_node_spec_unschedulable", labels, float(bool(document["spec"].get("unschedulable")))
    for condition in document.get("status", {}).get("conditions", []):
        for answer in ("true", "false", "unknown"):
            named = {**labels, "condition": condition["type"], "status": answer}
            yield "kube_node_status_condition", named, float(condition["status"].lower() == answer)


def _service_samples(document: Json) -> Iterator[Sample]:
    metadata = document["metadata"]
    labels = {"namespace": metadata["namespace"], "service": metadata["name"]}
    yield "kube_service_info", {**labels, "cluster_ip": document["spec"].get("clusterIP", "")}, 1


_SAMPLERS: dict[str, Callable[[Json], Iterator[Sample]]] = {
    "pods": _pod_samples,
    "deployments": _deployment_samples,
    "replicasets": _replica_set_samples,
    "resourcequotas": _quota_samples,
    "horizontalpodautoscalers": _autoscaler_samples,
    "nodes": _node_samples,
    "services": _service_samples,
}
