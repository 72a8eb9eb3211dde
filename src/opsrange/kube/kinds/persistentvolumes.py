"""Persistent volumes."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, UNSET, access_modes
from opsrange.kube.fields.complaints import required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.kinds.persistentvolumeclaims import storage_class_name
from opsrange.kube.podspec.defaults import canonical_quantities
from opsrange.types import Json

_NOT_SOURCES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def _default(volume: Json) -> None:
    spec = volume.get("spec")
    if spec is None:
        return
    policy = spec.get("persistentVolumeReclaimPolicy")
    spec["persistentVolumeReclaimPolicy"] = policy or "Retain"
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    canonical_quantities(spec.get("capacity"))
    if spec.get("hostPath") is not None:
        spec["hostPath"].setdefault("type", "")


def _status(volume: Json, now_ms: int) -> str:
    """The phase, or ``Terminating``."""
    if volume["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(volume.get("status", {}).get("phase", ""))


def _claim(volume: Json, now_ms: int) -> str:
    """``namespace/name`` of the bound claim."""
    claim = volume.get("spec", {}).get("claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _validate(volume: Json, old: Json | None) -> list[FieldError]:
    spec = volume.get("spec") or {}
    errors = []
    if not spec.get("accessModes"):
        errors.append(required("spec.accessModes"))
    if not spec.get("capacity"):
        errors.append(required("spec.capacity"))
    if not set(spec) - _NOT_SOURCES:
        errors.append(required("spec", "must specify a volume type"))
    policies = ("Delete", "Recycle", "Retain")
    policy = spec.get("persistentVolumeReclaimPolicy")
    return errors + check_one_of("spec.persistentVolumeReclaimPolicy", policy, policies)


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="PersistentVolume",
        plural="persistentvolumes",
        singular="persistentvolume",
        short_names=("pv",),
        namespaced=False,
        subresources=("status",),
        columns=(
            Column("Capacity", lambda o, _: o["spec"].get("capacity", {}).get("storage", "0")),
            Column("Access Modes", lambda o, _: access_modes(o["spec"].get("accessModes"))),
            Column(
                "Reclaim Policy", lambda o, _: o["spec"].get("persistentVolumeReclaimPolicy", "")
            ),
            Column("Status", _status),
            Column("Claim", _claim),
            Column("StorageClass", lambda o, _: storage_class_name(o)),
            Column(
                "VolumeAttributesClass",
                lambda o, _: o["spec"].get("volumeAttributesClassName") or UNSET,
            ),
            Column("Reason", lambda o, _: o.get("status", {}).get("reason", "")),
            AGE,
            Column("VolumeMode", lambda o, _: o["spec"].get("volumeMode") or UNSET, 1),
        ),
        age_column=False,
        default=_default,
        on_create=creating({"phase": "Pending"}),
        on_update=updating(),
        validate=_validate,
        selectable_fields=lambda o: {"name": o["metadata"]["name"]},
    ),
)
