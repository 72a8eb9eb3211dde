"""Batch workloads beside the shop, which some rules are about: they run, use little, and serve nobody."""

from __future__ import annotations

import random

from opsrange.estates import Estate
from opsrange.types import Json

_IMAGE = "docker.io/otel/opentelemetry-collector-contrib:0.137.0"
_NAMES = (
    *("trace-replay", "metrics-backfill", "span-archive", "usage-export", "telemetry-shadow"),
    *("signal-mirror", "event-relay", "audit-forwarder"),
)


def add_spares(
    estate: Estate, stream: random.Random, count: int, replicas: tuple[int, int]
) -> Json:
    """Install batch workloads under drawn names.

    Args:
        estate: just installed.
        stream: draws names and sizes.
        count: how many.
        replicas: fewest and most.

    Returns:
        The replicas of each by name.
    """
    found = {name: stream.randint(*replicas) for name in sorted(stream.sample(_NAMES, count))}
    for name, size in found.items():
        estate.operator.create(_deployment(estate.namespace, name, size))
    return found


def _deployment(namespace: str, name: str, replicas: int) -> Json:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "batch"}
    container = {
        "name": name,
        "image": _IMAGE,
        "resources": {
            "requests": {"cpu": "20m", "memory": "160Mi"},
            "limits": {"cpu": "200m", "memory": "256Mi"},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {"corp.example/owner": "team-platform"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
