"""Config maps."""

from __future__ import annotations

from opsrange.kube.fields.complaints import forbidden, invalid, too_long
from opsrange.kube.fields.names import check, config_key
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_MAX_BYTES = 1024 * 1024


def check_immutable(new: Json, old: Json, parts: tuple[str, ...]) -> list[FieldError]:
    """``immutable: true`` binds, and for ever. Config maps and secrets share this."""
    if not old.get("immutable"):
        return []
    detail = "field is immutable when `immutable` is set"
    changed = [part for part in parts if (new.get(part) or {}) != (old.get(part) or {})]
    if not new.get("immutable"):
        changed.insert(0, "immutable")
    return [forbidden(part, detail) for part in changed]


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    errors: list[FieldError] = []
    data, binary = item.get("data") or {}, item.get("binaryData") or {}
    for key in data:
        errors += check(f"data[{key}]", key, config_key)
        if key in binary:
            detail = f"duplicate of key present in binaryData: {key}"
            errors.append(invalid(f"data[{key}]", key, detail))
    for key in binary:
        errors += check(f"binaryData[{key}]", key, config_key)
    size = sum(len((value or "").encode()) for value in (*data.values(), *binary.values()))
    if size > _MAX_BYTES:
        errors.append(too_long("", _MAX_BYTES))
    return errors + (check_immutable(item, old, ("data", "binaryData")) if old else [])


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="ConfigMap",
        plural="configmaps",
        singular="configmap",
        short_names=("cm",),
        namespaced=True,
        columns=(
            Column(
                "Data",
                lambda o, _: str(len(o.get("data") or ()) + len(o.get("binaryData") or ())),
            ),
        ),
        validate=_validate,
    ),
)
