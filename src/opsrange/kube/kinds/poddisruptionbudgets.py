"""Pod disruption budgets."""

from __future__ import annotations

from opsrange.kube.fields.cells import count
from opsrange.kube.fields.complaints import at_least_zero, invalid
from opsrange.kube.fields.names import check_selector
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_EMPTY = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def _bound(item: Json, key: str) -> str:
    """One of the two ways to state a budget."""
    return str((item.get("spec") or {}).get(key, "N/A"))


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    spec = item.get("spec") or {}
    errors = []
    if "minAvailable" in spec and "maxUnavailable" in spec:
        detail = "minAvailable and maxUnavailable cannot be both set"
        errors.append(invalid("spec", spec, detail))
    for key in ("minAvailable", "maxUnavailable"):
        if isinstance(spec.get(key), int):
            errors += at_least_zero(f"spec.{key}", spec[key])
    return errors + check_selector("spec.selector", spec.get("selector"))


KINDS = (
    Kind(
        group="policy",
        version="v1",
        kind="PodDisruptionBudget",
        plural="poddisruptionbudgets",
        singular="poddisruptionbudget",
        short_names=("pdb",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Min Available", lambda o, _: _bound(o, "minAvailable")),
            Column("Max Unavailable", lambda o, _: _bound(o, "maxUnavailable")),
            count("Allowed Disruptions", "status", "disruptionsAllowed"),
        ),
        on_create=creating(_EMPTY, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
    ),
)
