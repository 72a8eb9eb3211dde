"""Resource quotas."""

from __future__ import annotations

from opsrange.kube.fields.complaints import invalid
from opsrange.kube.fields.names import check, qualified_name
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec.container_rules import check_amount
from opsrange.kube.podspec.defaults import canonical_quantities
from opsrange.types import Json

_STANDARD = frozenset(
    [
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ]
)


def _usage(quota: Json, *, limits: bool) -> str:
    """``name: used/hard`` of every limited resource, limits apart from the rest."""
    status = quota.get("status", {})
    hard, used = status.get("hard") or {}, status.get("used") or {}
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard[name]}"
        for name in sorted(hard)
        if name.startswith("limits.") == limits
    )


def _default(quota: Json) -> None:
    canonical_quantities((quota.get("spec") or {}).get("hard"))


def _validate(quota: Json, old: Json | None) -> list[FieldError]:
    errors = []
    for name, amount in ((quota.get("spec") or {}).get("hard") or {}).items():
        field = f"spec.hard[{name}]"
        wrong = check(field, name, qualified_name)
        if not wrong and "/" not in name and name not in _STANDARD:
            wrong = [invalid(field, name, "must be a standard resource for quota")]
        errors += wrong + check_amount(field, amount)
    return errors


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="ResourceQuota",
        plural="resourcequotas",
        singular="resourcequota",
        short_names=("quota",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Request", lambda o, _: _usage(o, limits=False)),
            Column("Limit", lambda o, _: _usage(o, limits=True)),
        ),
        default=_default,
        on_create=creating({}),
        on_update=updating(),
        validate=_validate,
    ),
)
