"""Priority classes."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE
from opsrange.kube.fields.complaints import forbidden
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_POLICIES = ("Never", "PreemptLowerPriority")


def _default(item: Json) -> None:
    item["preemptionPolicy"] = item.get("preemptionPolicy") or "PreemptLowerPriority"


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    errors = check_one_of("preemptionPolicy", item.get("preemptionPolicy"), _POLICIES)
    if old is not None and item.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    return errors


KINDS = (
    Kind(
        group="scheduling.k8s.io",
        version="v1",
        kind="PriorityClass",
        plural="priorityclasses",
        singular="priorityclass",
        short_names=("pc",),
        namespaced=False,
        columns=(
            Column("Value", lambda o, _: o.get("value", 0), type="integer"),
            Column("Global-Default", lambda o, _: "true" if o.get("globalDefault") else "false"),
            AGE,
            Column("PreemptionPolicy", lambda o, _: o.get("preemptionPolicy", "")),
        ),
        age_column=False,
        default=_default,
        validate=_validate,
    ),
)
