"""Storage classes."""

from __future__ import annotations

from opsrange.kube.fields.cells import NONE
from opsrange.kube.fields.complaints import forbidden, required
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _name(item: Json, now_ms: int) -> str:
    """The name, the default class marked."""
    annotations = item["metadata"].get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    return f"{item['metadata']['name']} (default)" if default else str(item["metadata"]["name"])


def _default(item: Json) -> None:
    item["reclaimPolicy"] = item.get("reclaimPolicy") or "Delete"
    item["volumeBindingMode"] = item.get("volumeBindingMode") or "Immediate"


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    errors = [] if item.get("provisioner") else [required("provisioner")]
    if old is not None:
        for key in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
            if item.get(key) != old.get(key):
                errors.append(forbidden(key, f"updates to {key} are forbidden."))
    return errors


KINDS = (
    Kind(
        group="storage.k8s.io",
        version="v1",
        kind="StorageClass",
        plural="storageclasses",
        singular="storageclass",
        short_names=("sc",),
        namespaced=False,
        columns=(
            Column("Name", _name, format="name"),
            Column("Provisioner", lambda o, _: o.get("provisioner", "")),
            Column("ReclaimPolicy", lambda o, _: o.get("reclaimPolicy") or NONE),
            Column("VolumeBindingMode", lambda o, _: o.get("volumeBindingMode") or NONE),
            Column(
                "AllowVolumeExpansion",
                lambda o, _: "true" if o.get("allowVolumeExpansion") else "false",
            ),
        ),
        default=_default,
        validate=_validate,
    ),
)
