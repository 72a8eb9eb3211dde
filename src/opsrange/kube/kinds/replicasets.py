"""Replica sets."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, selector
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, Kind
from opsrange.kube.podspec import cells

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
            Column("Desired", lambda o, _: o["spec"].get("replicas", 0), type="integer"),
            Column("Current", lambda o, _: o.get("status", {}).get("replicas", 0), type="integer"),
            Column(
                "Ready",
                lambda o, _: o.get("status", {}).get("readyReplicas", 0),
                type="integer",
            ),
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
        on_create=creating({"replicas": 0}, generation=True),
        on_update=updating(generation=True),
    ),
)
