"""Deployments."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, selector
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, Kind
from opsrange.kube.podspec import cells
from opsrange.types import Json


def _ready(item: Json, now_ms: int) -> str:
    """Ready and desired replicas."""
    return f"{item.get('status', {}).get('readyReplicas', 0)}/{item['spec'].get('replicas', 0)}"


KINDS = (
    Kind(
        group="apps",
        version="v1",
        kind="Deployment",
        plural="deployments",
        singular="deployment",
        short_names=("deploy",),
        categories=("all",),
        namespaced=True,
        subresources=("status", "scale"),
        columns=(
            Column("Ready", _ready),
            Column("Up-to-date", lambda o, _: o.get("status", {}).get("updatedReplicas", 0)),
            Column("Available", lambda o, _: o.get("status", {}).get("availableReplicas", 0)),
            AGE,
            Column(
                "Containers",
                lambda o, _: cells.container_names(o["spec"]["template"]["spec"]),
                1,
            ),
            Column("Images", lambda o, _: cells.container_images(o["spec"]["template"]["spec"]), 1),
            Column("Selector", lambda o, _: selector(o["spec"].get("selector")), 1),
        ),
        age_column=False,
        on_create=creating({}, generation=True),
        on_update=updating(generation=True, annotations=True),
    ),
)
