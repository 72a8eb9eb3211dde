"""Secrets."""

from __future__ import annotations

import base64

from opsrange.kube.fields.complaints import required, same, too_long
from opsrange.kube.fields.names import check, config_key
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.kinds.configmaps import check_immutable
from opsrange.types import Json

_MAX_BYTES = 1024 * 1024
_REQUIRED_KEYS = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def _default(secret: Json) -> None:
    """A type, and ``stringData`` folded into ``data`` (it is write-only)."""
    secret["type"] = secret.get("type") or "Opaque"
    plain = secret.pop("stringData", None)
    for key, text in (plain or {}).items():
        data = secret["data"] = secret.get("data") or {}
        data[key] = base64.b64encode(text.encode()).decode()


def _validate(secret: Json, old: Json | None) -> list[FieldError]:
    errors, size = [], 0
    data = secret.get("data") or {}
    for key, value in data.items():
        errors += check(f"data[{key}]", key, config_key)
        size += len(value or "") * 3 // 4
    if size > _MAX_BYTES:
        errors.append(too_long("data", _MAX_BYTES))
    for key in _REQUIRED_KEYS.get(secret["type"], ()):
        if key not in data:
            errors.append(required(f"data[{key}]"))
    if old is not None:
        errors += same("type", secret["type"], old["type"])
        errors += check_immutable(secret, old, ("data",))
    return errors


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Secret",
        plural="secrets",
        singular="secret",
        namespaced=True,
        columns=(
            Column("Type", lambda o, _: o.get("type", "")),
            Column("Data", lambda o, _: str(len(o.get("data") or ()))),
        ),
        default=_default,
        validate=_validate,
        selectable_fields=lambda o: {"type": o.get("type", "")},
    ),
)
