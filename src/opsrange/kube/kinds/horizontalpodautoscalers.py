"""Horizontal pod autoscalers."""

from __future__ import annotations

from opsrange.kube.fields.cells import NONE, UNKNOWN, UNSET
from opsrange.kube.fields.complaints import invalid, required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.quantities import canonical
from opsrange.types import Json

_SHOWN = 2
_DEFAULT_UTILIZATION = 80
_PART = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_TARGETS = ("Utilization", "Value", "AverageValue")


def _metric(spec: Json, status: Json) -> str:
    """One metric: ``cpu: 41%/80%``, ``12/10 (avg)``."""
    part = _PART.get(spec.get("type", ""))
    if part is None:
        return "<unknown type>"
    target, current = spec[part].get("target", {}), (status.get(part) or {}).get("current", {})
    name = f"{spec[part]['name']}: " if part.lower().endswith("resource") else ""
    if "averageValue" in target:
        suffix = " (avg)" if part in ("object", "external") else ""
        return f"{name}{current.get('averageValue', UNKNOWN)}/{target['averageValue']}{suffix}"
    if "value" in target:
        return f"{name}{current.get('value', UNKNOWN)}/{target['value']}"
    now = current.get("averageUtilization")
    goal = target.get("averageUtilization")
    shown = UNKNOWN if now is None else f"{now}%"
    return f"{name}{shown}/{'<auto>' if goal is None else f'{goal}%'}"


def _targets(item: Json, now_ms: int) -> str:
    """The TARGETS cell."""
    specs = item["spec"].get("metrics") or []
    statuses = item.get("status", {}).get("currentMetrics") or []
    if not specs:
        return NONE
    texts = [
        _metric(spec, statuses[index] if index < len(statuses) else {})
        for index, spec in enumerate(specs)
    ]
    text = ", ".join(texts[:_SHOWN])
    return f"{text} + {len(texts) - _SHOWN} more..." if len(texts) > _SHOWN else text


def _reference(item: Json, now_ms: int) -> str:
    """What is scaled."""
    target = item["spec"].get("scaleTargetRef", {})
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _default(item: Json) -> None:
    spec = item.get("spec")
    if spec is None:
        return
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": _DEFAULT_UTILIZATION}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    for metric in spec["metrics"]:
        target = metric.get(_PART.get(metric.get("type", ""), ""), {}).get("target", {})
        for key in ("value", "averageValue"):
            if key in target:
                target[key] = canonical(target[key])


def _check_metric(here: str, metric: Json) -> list[FieldError]:
    kind = metric.get("type")
    if not kind:
        return [required(f"{here}.type", "must specify a metric source type")]
    errors = check_one_of(f"{here}.type", kind, tuple(sorted(_PART)))
    if errors:
        return errors
    part = _PART[kind]
    source = metric.get(part)
    if source is None:
        detail = "must populate information for the given metric source"
        return [required(f"{here}.{part}", detail)]
    target = source.get("target") or {}
    if not target.get("type"):
        return [required(f"{here}.{part}.target.type", "must specify a metric target type")]
    errors = check_one_of(f"{here}.{part}.target.type", target["type"], _TARGETS)
    goal = target.get("averageUtilization")
    if goal is not None and goal < 1:
        place = f"{here}.{part}.target.averageUtilization"
        errors.append(invalid(place, goal, "must be greater than 0"))
    return errors


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    spec = item.get("spec") or {}
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas") or 0
    errors = []
    if low < 1:
        errors.append(invalid("spec.minReplicas", low, "must be greater than or equal to 1"))
    if high < 1:
        errors.append(invalid("spec.maxReplicas", high, "must be greater than 0"))
    if high < low:
        detail = "must be greater than or equal to `minReplicas`"
        errors.append(invalid("spec.maxReplicas", high, detail))
    target = spec.get("scaleTargetRef") or {}
    for key in ("kind", "name"):
        if not target.get(key):
            errors.append(required(f"spec.scaleTargetRef.{key}"))
    for index, metric in enumerate(spec.get("metrics") or ()):
        errors += _check_metric(f"spec.metrics[{index}]", metric)
    return errors


KINDS = (
    Kind(
        group="autoscaling",
        version="v2",
        kind="HorizontalPodAutoscaler",
        plural="horizontalpodautoscalers",
        singular="horizontalpodautoscaler",
        short_names=("hpa",),
        categories=("all",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Reference", _reference),
            Column("Targets", _targets),
            Column("MinPods", lambda o, _: str(o["spec"].get("minReplicas", UNSET))),
            Column("MaxPods", lambda o, _: str(o["spec"].get("maxReplicas", 0))),
            Column("Replicas", lambda o, _: str(o.get("status", {}).get("currentReplicas", 0))),
        ),
        default=_default,
        on_create=creating({"desiredReplicas": 0}),
        on_update=updating(),
        validate=_validate,
    ),
)
