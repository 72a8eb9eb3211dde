"""Persistent volume claims."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, UNSET, access_modes
from opsrange.kube.fields.complaints import forbidden, invalid, required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec.container_rules import check_amount
from opsrange.kube.podspec.defaults import canonical_quantities
from opsrange.kube.quantities import parse
from opsrange.types import Json

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_IMMUTABLE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)


def default_claim(claim: Json) -> None:
    """What the API server fills into a claim or a claim template."""
    spec = claim.get("spec")
    if spec is None:
        return
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    resources = spec["resources"] = spec.get("resources") or {}
    canonical_quantities(resources.get("requests"))
    canonical_quantities(resources.get("limits"))


def _status(claim: Json, now_ms: int) -> str:
    """The phase, or ``Terminating``."""
    if claim["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(claim.get("status", {}).get("phase", ""))


def storage_class_name(document: Json) -> str:
    """The class of a volume or claim; an annotation of old comes first."""
    annotations = document["metadata"].get("annotations") or {}
    name = annotations.get(_BETA_CLASS, document.get("spec", {}).get("storageClassName"))
    return str(name or "")


def _bound(claim: Json, key: str) -> str:
    """Capacity or access modes, which are known once a claim is bound."""
    if not claim.get("spec", {}).get("volumeName"):
        return ""
    status = claim.get("status", {})
    if key == "capacity":
        return str((status.get("capacity") or {}).get("storage", "0"))
    return access_modes(status.get("accessModes"))


def _validate(claim: Json, old: Json | None) -> list[FieldError]:
    spec = claim.get("spec") or {}
    if old is not None:
        return _validate_update(spec, old["spec"])
    errors = []
    if not spec.get("accessModes"):
        errors.append(required("spec.accessModes", "at least 1 access mode is required"))
    for mode in spec.get("accessModes") or ():
        errors += check_one_of("spec.accessModes", mode, _MODES)
    requests = (spec.get("resources") or {}).get("requests") or {}
    if "storage" not in requests:
        errors.append(required("spec.resources[storage]"))
    else:
        errors += check_amount("spec.resources[storage]", requests["storage"])
        if not errors and parse(requests["storage"]).amount == 0:
            detail = "must be greater than zero"
            errors.append(invalid("spec.resources[storage]", requests["storage"], detail))
    return errors


def _validate_update(spec: Json, old: Json) -> list[FieldError]:
    """Only a bound claim's requests may grow, and a volume may be bound."""
    frozen = {**spec, "resources": old.get("resources")}
    if not old.get("volumeName"):
        frozen = {key: value for key, value in frozen.items() if key != "volumeName"}
    if not old.get("storageClassName") and "storageClassName" not in old:
        frozen.pop("storageClassName", None)
    if frozen != old:
        return [forbidden("spec", _IMMUTABLE)]
    new_size = (spec["resources"].get("requests") or {}).get("storage", "0")
    old_size = (old["resources"].get("requests") or {}).get("storage", "0")
    if parse(new_size).amount < parse(old_size).amount:
        detail = "field can not be less than status.capacity"
        return [forbidden("spec.resources.requests.storage", detail)]
    return []


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="PersistentVolumeClaim",
        plural="persistentvolumeclaims",
        singular="persistentvolumeclaim",
        short_names=("pvc",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Status", _status),
            Column("Volume", lambda o, _: o.get("spec", {}).get("volumeName", "")),
            Column("Capacity", lambda o, _: _bound(o, "capacity")),
            Column("Access Modes", lambda o, _: _bound(o, "accessModes")),
            Column("StorageClass", lambda o, _: storage_class_name(o)),
            Column(
                "VolumeAttributesClass",
                lambda o, _: o.get("spec", {}).get("volumeAttributesClassName") or UNSET,
            ),
            AGE,
            Column("VolumeMode", lambda o, _: o.get("spec", {}).get("volumeMode") or UNSET, 1),
        ),
        age_column=False,
        default=default_claim,
        on_create=creating({"phase": "Pending"}),
        on_update=updating(),
        validate=_validate,
        selectable_fields=lambda o: {"name": o["metadata"]["name"]},
    ),
)
