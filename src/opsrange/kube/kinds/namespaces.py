"""Namespaces."""

from __future__ import annotations

from opsrange.kube.fields.names import check_name, dns_label
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_NAME_LABEL = "kubernetes.io/metadata.name"
_begin = creating({"phase": "Active"})


def _default(namespace: Json) -> None:
    """Every namespace carries its name as a label."""
    if name := namespace["metadata"].get("name"):
        labels = namespace["metadata"]["labels"] = namespace["metadata"].get("labels") or {}
        labels[_NAME_LABEL] = name


def _create(namespace: Json) -> None:
    """The finalizer that lets the namespace controller empty it first."""
    _begin(namespace)
    finalizers = (namespace.setdefault("spec", {})).setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _keep_finalizers(new: Json, old: Json) -> None:
    """Status and finalizers change through subresources only."""
    updating()(new, old)
    new["spec"] = old.get("spec", {})


def _validate(namespace: Json, old: Json | None) -> list[FieldError]:
    return check_name(namespace, dns_label) if old is None else []


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Namespace",
        plural="namespaces",
        singular="namespace",
        short_names=("ns",),
        namespaced=False,
        subresources=("status",),
        columns=(Column("Status", lambda o, _: o.get("status", {}).get("phase", "")),),
        default=_default,
        on_create=_create,
        on_update=_keep_finalizers,
        validate=_validate,
        selectable_fields=lambda o: {
            "name": o["metadata"]["name"],
            "status.phase": o.get("status", {}).get("phase", ""),
        },
    ),
)
