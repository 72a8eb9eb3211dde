"""Namespaces."""

from __future__ import annotations

from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, Kind

KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Namespace",
        plural="namespaces",
        singular="namespace",
        short_names=("ns",),
        namespaced=False,
        subresources=("status", "finalize"),
        columns=(Column("Status", lambda o, _: o.get("status", {}).get("phase", "")),),
        on_create=creating({"phase": "Active"}),
        on_update=updating(),
        selectable_fields=lambda o: {
            "name": o["metadata"]["name"],
            "status.phase": o.get("status", {}).get("phase", ""),
        },
    ),
)
