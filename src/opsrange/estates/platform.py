"""The cluster below the application: nodes, namespaces, and the platform's own workloads.

Their names are drawn, so that no two instances look alike; their software is a constant load that never fails by itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from opsrange.kube.kind import RELEASE
from opsrange.telemetry.api import alertmanager, prometheus_status
from opsrange.types import Json

MONITORING = "monitoring"
SYSTEM = "kube-system"

_MEBIBYTE = 1 << 20

PLATFORM_IMAGES: Mapping[str, tuple[int, int]] = {
    "registry.k8s.io/coredns/coredns:v1.12.4": (6, 24 * _MEBIBYTE),
    "registry.k8s.io/metrics-server/metrics-server:v0.8.0": (5, 31 * _MEBIBYTE),
    f"registry.k8s.io/kube-proxy:{RELEASE}": (2, 28 * _MEBIBYTE),
    "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.17.0": (4, 42 * _MEBIBYTE),
    f"quay.io/prometheus/prometheus:v{prometheus_status.VERSION}": (58, 612 * _MEBIBYTE),
    f"quay.io/prometheus/alertmanager:v{alertmanager.VERSION}": (3, 27 * _MEBIBYTE),
    "jaegertracing/jaeger:2.11.0": (31, 286 * _MEBIBYTE),
    "docker.io/otel/opentelemetry-collector-contrib:0.137.0": (44, 143 * _MEBIBYTE),
}
"""Images that always run, with what a container of each uses: millicores of CPU and bytes of memory."""

SCRAPED_PORTS: Mapping[str, int] = {
    "coredns": 9153,
    "kube-state-metrics": 8080,
    "prometheus": 9090,
    "alertmanager": 9093,
    "otel-collector": 8888,
}
"""Platform workloads that Prometheus scrapes, with the port of each. Applications push theirs to the collector."""

THROTTLED = "jaeger"
"""A workload whose CPU is throttled all the time, in every estate, and hurts nobody."""

_NODE_PREFIXES = ("worker", "node", "prod-pool", "compute", "k8s-node")
_NAMESPACES = ("otel-demo", "astronomy-shop", "shop", "storefront", "webstore", "retail")


def draw_namespace(stream: random.Random) -> str:
    """The application's namespace."""
    return stream.choice(_NAMESPACES)


def node_manifests(stream: random.Random, count: int) -> Iterator[Json]:
    """Nodes of a small cluster, one size, one zone each."""
    prefix = stream.choice(_NODE_PREFIXES)
    for index in range(count):
        name = f"{prefix}-{index + 1}"
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.kubernetes.io/instance-type": "m6i.xlarge",
            "topology.kubernetes.io/region": "eu-west-1",
            "topology.kubernetes.io/zone": f"eu-west-1{'abc'[index % 3]}",
        }
        capacity = {
            "cpu": "4",
            "memory": "16093240Ki",
            "pods": "58",
            "ephemeral-storage": "83873772Ki",
        }
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": {"podCIDR": f"10.244.{index}.0/24", "podCIDRs": [f"10.244.{index}.0/24"]},
            "status": {
                "capacity": capacity,
                "allocatable": {**capacity, "cpu": "3920m", "memory": "15042616Ki"},
            },
        }


def namespace_manifest(name: str, labels: Mapping[str, str] | None = None) -> Json:
    """A namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/metadata.name": name, **(labels or {})},
        },
    }


def workload_manifests() -> Iterator[Json]:
    """The platform's own deployments and services."""
    images = {image.rpartition("/")[2].partition(":")[0]: image for image in PLATFORM_IMAGES}
    for name, replicas in (("coredns", 2), ("metrics-server", 1)):
        yield _deployment(SYSTEM, name, images[name], replicas)
    yield _daemon_set(SYSTEM, "kube-proxy", images["kube-proxy"])
    yield _dns_service()
    for name, image, port in (
        ("prometheus", "prometheus", 9090),
        ("alertmanager", "alertmanager", 9093),
        ("jaeger", "jaeger", 16686),
        ("kube-state-metrics", "kube-state-metrics", 8080),
        ("otel-collector", "opentelemetry-collector-contrib", 4317),
    ):
        yield _deployment(MONITORING, name, images[image], 1)
        yield _service(MONITORING, name, name, port)


def _deployment(namespace: str, name: str, image: str, replicas: int) -> Json:
    workload = _workload("Deployment", namespace, name, image)
    workload["spec"]["replicas"] = replicas
    return workload


def _daemon_set(namespace: str, name: str, image: str) -> Json:
    workload = _workload("DaemonSet", namespace, name, image)
    pod = workload["spec"]["template"]["spec"]
    pod.update(
        hostNetwork=True,
        priorityClassName="system-node-critical",
        tolerations=[{"operator": "Exists"}],
    )
    return workload


def _workload(kind: str, namespace: str, name: str, image: str) -> Json:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "platform"}
    if namespace == SYSTEM:
        labels["k8s-app"] = "kube-dns" if name == "coredns" else name
    container: Json = {
        "name": name,
        "image": image,
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
    }
    if name in SCRAPED_PORTS:
        container["ports"] = [
            {"name": "metrics", "containerPort": SCRAPED_PORTS[name], "protocol": "TCP"}
        ]
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _service(namespace: str, workload: str, name: str, port: int) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": workload},
        },
        "spec": {
            "selector": {"app.kubernetes.io/name": workload},
            "ports": [{"name": "http", "port": port, "targetPort": port}],
        },
    }


def _dns_service() -> Json:
    """The cluster's name service, at the address and under the labels that every cluster has it."""
    ports = (("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP"))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": SYSTEM,
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
        },
        "spec": {
            "clusterIP": "10.96.0.10",
            "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": name, "port": port, "protocol": protocol, "targetPort": port}
                for name, port, protocol in ports
            ],
        },
    }
