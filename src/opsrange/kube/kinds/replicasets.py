"""Replica sets."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, count
from opsrange.kube.fields.complaints import required
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import FieldError, Kind
from opsrange.kube.podspec.workload import (
    CONTAINERS,
    IMAGES,
    SELECTOR,
    check_workload,
    default_template,
)
from opsrange.types import Json


def _default(document: Json) -> None:
    if spec := document.get("spec"):
        spec.setdefault("replicas", 1)
        default_template(spec)


def _validate(document: Json, old: Json | None) -> list[FieldError]:
    spec = document.get("spec")
    return check_workload(spec, old) if spec else [required("spec.selector")]


KINDS = (
    Kind(
        group="apps",
        version="v1",
        kind="ReplicaSet",
        plural="replicasets",
        singular="replicaset",
        short_names=("rs",),
        categories=("all",),
        namespaced=True,
        subresources=("status", "scale"),
        columns=(
            count("Desired", "spec", "replicas"),
            count("Current", "status", "replicas"),
            count("Ready", "status", "readyReplicas"),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        age_column=False,
        default=_default,
        on_create=creating({"replicas": 0}, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
        selectable_fields=lambda o: {
            "status.replicas": str(o.get("status", {}).get("replicas", 0))
        },
    ),
)
