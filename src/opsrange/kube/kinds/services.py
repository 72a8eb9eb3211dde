"""Services."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, NONE, equality
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, Kind
from opsrange.types import Json


def _ports(service: Json, now_ms: int) -> str:
    """The PORT(S) cell: ``80:30080/TCP``."""
    pieces = []
    for port in service["spec"].get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort", 0) > 0 else ""
        pieces.append(f"{port['port']}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(pieces) or NONE


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Service",
        plural="services",
        singular="service",
        short_names=("svc",),
        categories=("all",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Type", lambda o, _: o["spec"].get("type", "ClusterIP")),
            Column("Cluster-IP", lambda o, _: o["spec"].get("clusterIP") or NONE),
            Column("External-IP", lambda _, __: NONE),
            Column("Port(s)", _ports),
            AGE,
            Column("Selector", lambda o, _: equality(o["spec"].get("selector")), 1),
        ),
        age_column=False,
        on_create=creating({"loadBalancer": {}}),
        on_update=updating(),
    ),
)
