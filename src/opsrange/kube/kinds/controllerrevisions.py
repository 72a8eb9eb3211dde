"""Controller revisions: the history of stateful and daemon sets."""

from __future__ import annotations

from opsrange.kube.fields.cells import NONE
from opsrange.kube.fields.complaints import same
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json


def _controller(document: Json, now_ms: int) -> str:
    """``statefulset.apps/name`` of the controlling owner."""
    for owner in document["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = owner["apiVersion"].rpartition("/")[0]
            kind = owner["kind"].lower()
            return f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return NONE


def _validate(document: Json, old: Json | None) -> list[FieldError]:
    return same("data", document.get("data"), old.get("data")) if old is not None else []


KINDS = (
    Kind(
        group="apps",
        version="v1",
        kind="ControllerRevision",
        plural="controllerrevisions",
        singular="controllerrevision",
        namespaced=True,
        columns=(
            Column("Controller", _controller),
            Column("Revision", lambda o, _: str(o.get("revision", 0))),
        ),
        validate=_validate,
    ),
)
