"""Limit ranges."""

from __future__ import annotations

from opsrange.kube.fields.cells import CREATED_AT
from opsrange.kube.fields.complaints import duplicate, invalid
from opsrange.kube.kind import FieldError, Kind
from opsrange.kube.podspec.defaults import canonical_quantities
from opsrange.kube.quantities import parse
from opsrange.types import Json

_PARTS = ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio")
_ORDER = (
    ("min", "max"),
    ("min", "defaultRequest"),
    ("min", "default"),
    ("defaultRequest", "default"),
    ("defaultRequest", "max"),
    ("default", "max"),
)
"""Pairs that must not be the wrong way round."""
_NAMES = {"defaultRequest": "default request", "default": "default"}


def _default(item: Json) -> None:
    """Container limits: what is missing follows from what is given."""
    for limit in (item.get("spec") or {}).get("limits") or ():
        for part in _PARTS:
            canonical_quantities(limit.get(part))
        if limit.get("type") != "Container":
            continue
        for source, target in (
            ("max", "default"),
            ("default", "defaultRequest"),
            ("min", "defaultRequest"),
        ):
            for name, amount in (limit.get(source) or {}).items():
                limit.setdefault(target, {}).setdefault(name, amount)


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    errors, seen = [], set()
    for index, limit in enumerate((item.get("spec") or {}).get("limits") or ()):
        here, kind = f"spec.limits[{index}]", limit.get("type")
        if kind in seen:
            errors.append(duplicate(f"{here}.type", kind))
        seen.add(kind)
        for low, high in _ORDER:
            for name, amount in (limit.get(low) or {}).items():
                bound = (limit.get(high) or {}).get(name)
                if bound is not None and parse(amount).amount > parse(bound).amount:
                    words = f"{_NAMES.get(low, low)} value {amount} is greater than "
                    words += f"{_NAMES.get(high, high)} value {bound}"
                    errors.append(invalid(f"{here}.{low}[{name}]", amount, words))
    return errors


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="LimitRange",
        plural="limitranges",
        singular="limitrange",
        short_names=("limits",),
        namespaced=True,
        columns=(CREATED_AT,),
        age_column=False,
        default=_default,
        validate=_validate,
    ),
)
