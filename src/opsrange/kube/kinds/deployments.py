"""Deployments."""

from __future__ import annotations

import math
from typing import Any

from opsrange.kube.fields.cells import AGE
from opsrange.kube.fields.complaints import at_least_zero, forbidden, invalid, required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec.workload import (
    CONTAINERS,
    IMAGES,
    SELECTOR,
    check_workload,
    default_template,
)
from opsrange.types import Json


def _ready(item: Json, now_ms: int) -> str:
    """Ready and desired replicas."""
    return f"{item.get('status', {}).get('readyReplicas', 0)}/{item['spec'].get('replicas', 0)}"


def _default(document: Json) -> None:
    spec = document.get("spec")
    if spec is None:
        return
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        rolling.setdefault("maxSurge", "25%")
        rolling.setdefault("maxUnavailable", "25%")
    default_template(spec)


def _share(field: str, value: Any) -> list[FieldError]:
    """A number of pods or a percentage."""
    if isinstance(value, int):
        return at_least_zero(field, value)
    if not value.removesuffix("%").isdigit() or not value.endswith("%"):
        detail = (
            "a valid percent string must be a numeric string followed by an ending '%' "
            "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        )
        return [invalid(field, value, detail)]
    return []


def _amount(value: Any) -> int:
    """The number a share stands for, rounded up to see whether it is zero."""
    return value if isinstance(value, int) else math.ceil(int(value[:-1]) / 100)


def check_rolling_update(field: str, rolling: Json) -> list[FieldError]:
    """``maxSurge`` and ``maxUnavailable``."""
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = _share(f"{field}.maxUnavailable", unavailable)
    errors += _share(f"{field}.maxSurge", surge)
    if errors:
        return errors
    if _amount(unavailable) == 0 and _amount(surge) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid(f"{field}.maxUnavailable", unavailable, detail))
    if isinstance(unavailable, str) and int(unavailable[:-1]) > 100:
        detail = "must not be greater than 100%"
        errors.append(invalid(f"{field}.maxUnavailable", unavailable, detail))
    return errors


def _check_strategy(strategy: Json) -> list[FieldError]:
    kind = strategy.get("type")
    if kind == "Recreate" and strategy.get("rollingUpdate") is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden("spec.strategy.rollingUpdate", detail)]
    if kind == "RollingUpdate":
        return check_rolling_update("spec.strategy.rollingUpdate", strategy["rollingUpdate"])
    return check_one_of("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))


def _validate(document: Json, old: Json | None) -> list[FieldError]:
    spec = document.get("spec")
    if spec is None:
        return [required("spec.selector"), required("spec.template.spec.containers")]
    errors = check_workload(spec, old)
    errors += _check_strategy(spec["strategy"])
    deadline, ready = spec["progressDeadlineSeconds"], spec.get("minReadySeconds") or 0
    errors += at_least_zero("spec.progressDeadlineSeconds", deadline)
    if deadline <= ready:
        detail = "must be greater than minReadySeconds"
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, detail))
    return errors


KINDS = (
    Kind(
        group="apps",
        version="v1",
        kind="Deployment",
        plural="deployments",
        singular="deployment",
        short_names=("deploy",),
        categories=("all",),
        namespaced=True,
        subresources=("status", "scale"),
        columns=(
            Column("Ready", _ready),
            Column("Up-to-date", lambda o, _: o.get("status", {}).get("updatedReplicas", 0)),
            Column("Available", lambda o, _: o.get("status", {}).get("availableReplicas", 0)),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        age_column=False,
        default=_default,
        on_create=creating({}, generation=True),
        on_update=updating(generation=True, annotations=True),
        validate=_validate,
    ),
)
