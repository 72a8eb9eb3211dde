"""Pods."""

from __future__ import annotations

from collections.abc import Mapping

from opsrange.kube.fields.cells import AGE, NONE
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, Kind
from opsrange.kube.podspec import cells
from opsrange.types import Json


def _selectable(pod: Json) -> Mapping[str, str]:
    """What ``--field-selector`` accepts for pods."""
    spec, status = pod["spec"], pod.get("status", {})
    addresses = status.get("podIPs") or []
    return {
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.restartPolicy": spec.get("restartPolicy", ""),
        "spec.schedulerName": spec.get("schedulerName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
        "status.phase": status.get("phase", ""),
        "status.podIP": addresses[0].get("ip", "") if addresses else "",
        "status.nominatedNodeName": status.get("nominatedNodeName", ""),
    }


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Pod",
        plural="pods",
        singular="pod",
        short_names=("po",),
        categories=("all",),
        namespaced=True,
        subresources=("status", "log", "binding", "eviction"),
        columns=(
            Column("Ready", lambda pod, _: cells.pod_ready(pod)),
            Column("Status", lambda pod, _: cells.pod_status(pod)),
            Column("Restarts", cells.pod_restarts),
            AGE,
            Column("IP", lambda pod, _: cells.pod_ip(pod), 1),
            Column("Node", lambda pod, _: pod["spec"].get("nodeName") or NONE, 1),
            Column(
                "Nominated Node",
                lambda pod, _: pod.get("status", {}).get("nominatedNodeName") or NONE,
                1,
            ),
            Column("Readiness Gates", lambda pod, _: cells.readiness_gates(pod), 1),
        ),
        age_column=False,
        on_create=creating({"phase": "Pending", "qosClass": "BestEffort"}, generation=True),
        on_update=updating(generation=True),
        selectable_fields=_selectable,
    ),
)
