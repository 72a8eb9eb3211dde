"""Leases: heartbeats of nodes and leader election."""

from __future__ import annotations

from opsrange.kube.fields.complaints import invalid
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json


def _validate(lease: Json, old: Json | None) -> list[FieldError]:
    seconds = (lease.get("spec") or {}).get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        return [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
    return []


KINDS = (
    Kind(
        group="coordination.k8s.io",
        version="v1",
        kind="Lease",
        plural="leases",
        singular="lease",
        namespaced=True,
        columns=(Column("Holder", lambda o, _: (o.get("spec") or {}).get("holderIdentity", "")),),
        validate=_validate,
    ),
)
