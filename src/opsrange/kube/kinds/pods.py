"""Pods."""

from __future__ import annotations

from collections.abc import Mapping

from opsrange.kube.fields.cells import AGE, NONE
from opsrange.kube.fields.complaints import required
from opsrange.kube.fields.strategy import updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec import cells
from opsrange.kube.podspec.defaults import default_pod_spec, qos_class
from opsrange.kube.podspec.rules import check_pod_spec, check_pod_update
from opsrange.types import Json


def _selectable(pod: Json) -> Mapping[str, str]:
    """What ``--field-selector`` accepts for pods."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    addresses = status.get("podIPs") or []
    return {
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.restartPolicy": spec.get("restartPolicy", ""),
        "spec.schedulerName": spec.get("schedulerName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
        "status.phase": status.get("phase", ""),
        "status.podIP": addresses[0].get("ip", "") if addresses else "",
        "status.podIPs": addresses[0].get("ip", "") if addresses else "",
        "status.nominatedNodeName": status.get("nominatedNodeName", ""),
    }


def _default(pod: Json) -> None:
    if pod.get("spec") is not None:
        default_pod_spec(pod["spec"])


def _create(pod: Json) -> None:
    """Status begins as pending; the quality of service follows from the resources."""
    pod["metadata"]["generation"] = 1
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(pod.get("spec") or {})}


def _validate(pod: Json, old: Json | None) -> list[FieldError]:
    spec = pod.get("spec")
    if spec is None:
        return [required("spec.containers")]
    if old is not None:
        return check_pod_update(spec, old["spec"]) or check_pod_spec("spec", spec)
    return check_pod_spec("spec", spec)


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
        default=_default,
        on_create=_create,
        on_update=updating(generation=True),
        validate=_validate,
        selectable_fields=_selectable,
    ),
)
