"""Daemon sets."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, count, equality
from opsrange.kube.fields.complaints import required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.kinds.deployments import check_rolling_update
from opsrange.kube.podspec.workload import (
    CONTAINERS,
    IMAGES,
    SELECTOR,
    check_workload,
    default_template,
    template_spec,
)
from opsrange.types import Json

_EMPTY = {
    "currentNumberScheduled": 0,
    "numberMisscheduled": 0,
    "desiredNumberScheduled": 0,
    "numberReady": 0,
}


def _default(document: Json) -> None:
    spec = document.get("spec")
    if spec is None:
        return
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        rolling.setdefault("maxSurge", 0)
        rolling.setdefault("maxUnavailable", 1)
    default_template(spec)


def _validate(document: Json, old: Json | None) -> list[FieldError]:
    spec = document.get("spec")
    if spec is None:
        return [required("spec.selector"), required("spec.template")]
    strategy = spec["updateStrategy"]
    errors = check_workload(spec, old, "daemonset")
    if strategy["type"] == "RollingUpdate":
        place = "spec.updateStrategy.rollingUpdate"
        return errors + check_rolling_update(place, strategy["rollingUpdate"])
    allowed = ("RollingUpdate", "OnDelete")
    return errors + check_one_of("spec.updateStrategy.type", strategy["type"], allowed)


KINDS = (
    Kind(
        group="apps",
        version="v1",
        kind="DaemonSet",
        plural="daemonsets",
        singular="daemonset",
        short_names=("ds",),
        categories=("all",),
        namespaced=True,
        subresources=("status",),
        columns=(
            count("Desired", "status", "desiredNumberScheduled"),
            count("Current", "status", "currentNumberScheduled"),
            count("Ready", "status", "numberReady"),
            count("Up-to-date", "status", "updatedNumberScheduled"),
            count("Available", "status", "numberAvailable"),
            Column("Node Selector", lambda o, _: equality(template_spec(o).get("nodeSelector"))),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        age_column=False,
        default=_default,
        on_create=creating(_EMPTY, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
    ),
)
