"""Endpoint slices."""

from __future__ import annotations

from opsrange.kube.fields.cells import UNSET, first_few
from opsrange.kube.fields.complaints import required, same
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_SHOWN = 3


def _ports(item: Json, now_ms: int) -> str:
    """Port numbers; a port without a number means all."""
    numbers = [str(port.get("port", "*")) for port in item.get("ports") or ()]
    return first_few(numbers, _SHOWN) if numbers else UNSET


def _addresses(item: Json, now_ms: int) -> str:
    """Addresses, ready or not."""
    found = [address for entry in item.get("endpoints") or () for address in entry["addresses"]]
    return first_few(found, _SHOWN) if found else UNSET


def _default(item: Json) -> None:
    for port in item.get("ports") or ():
        port.setdefault("name", "")
        port["protocol"] = port.get("protocol") or "TCP"


def _update(new: Json, old: Json) -> None:
    """Every change of content is a new generation."""
    before = old["metadata"].get("generation", 1)
    changed = any(new.get(key) != old.get(key) for key in ("endpoints", "ports", "addressType"))
    new["metadata"]["generation"] = before + 1 if changed else before


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    kind = item.get("addressType")
    if not kind:
        return [required("addressType")]
    errors = check_one_of("addressType", kind, ("FQDN", "IPv4", "IPv6"))
    for index, entry in enumerate(item.get("endpoints") or ()):
        if not entry.get("addresses"):
            errors.append(required(f"endpoints[{index}].addresses"))
    return errors + (same("addressType", kind, old.get("addressType")) if old else [])


KINDS = (
    Kind(
        group="discovery.k8s.io",
        version="v1",
        kind="EndpointSlice",
        plural="endpointslices",
        singular="endpointslice",
        namespaced=True,
        columns=(
            Column("AddressType", lambda o, _: o.get("addressType", "")),
            Column("Ports", _ports),
            Column("Endpoints", _addresses),
        ),
        default=_default,
        on_create=creating(generation=True),
        on_update=_update,
        validate=_validate,
    ),
)
