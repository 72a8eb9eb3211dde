"""Endpoints, the older list of a service's addresses."""

from __future__ import annotations

from opsrange.kube.fields.cells import NONE
from opsrange.kube.kind import Column, Kind
from opsrange.types import Json

_SHOWN = 3


def _endpoints(document: Json, now_ms: int) -> str:
    """Ready addresses with their ports, three of them spelt out."""
    subsets = document.get("subsets")
    if not subsets:
        return NONE
    items: list[str] = []
    for subset in subsets:
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports")
        items += [f"{ip}:{port['port']}" for port in ports or () for ip in addresses]
        items += addresses if not ports else []
    text = ",".join(items[:_SHOWN])
    return f"{text} + {len(items) - _SHOWN} more..." if len(items) > _SHOWN else text


def _default(document: Json) -> None:
    for subset in document.get("subsets") or ():
        for port in subset.get("ports") or ():
            port["protocol"] = port.get("protocol") or "TCP"


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Endpoints",
        plural="endpoints",
        singular="endpoints",
        short_names=("ep",),
        namespaced=True,
        columns=(Column("Endpoints", _endpoints),),
        default=_default,
    ),
)
