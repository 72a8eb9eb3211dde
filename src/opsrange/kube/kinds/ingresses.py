"""Ingresses."""

from __future__ import annotations

from opsrange.kube.fields.cells import NONE
from opsrange.kube.fields.complaints import invalid, required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_SHOWN = 3


def _hosts(item: Json, now_ms: int) -> str:
    """Hosts of the rules, ``*`` for any."""
    hosts = [
        rule["host"] for rule in (item.get("spec") or {}).get("rules") or () if rule.get("host")
    ]
    if not hosts:
        return "*"
    text = ",".join(hosts[:_SHOWN])
    return f"{text} + {len(hosts) - _SHOWN} more..." if len(hosts) > _SHOWN else text


def _address(item: Json, now_ms: int) -> str:
    """Where the load balancer listens."""
    ingress = item.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return ",".join(entry.get("ip") or entry.get("hostname", "") for entry in ingress)


def _check_path(here: str, path: Json) -> list[FieldError]:
    kinds = ("Exact", "ImplementationSpecific", "Prefix")
    if not path.get("pathType"):
        return [required(f"{here}.pathType", "pathType must be specified")]
    errors = check_one_of(f"{here}.pathType", path["pathType"], kinds)
    text = path.get("path", "")
    if not text.startswith("/") and path["pathType"] != "ImplementationSpecific":
        errors.append(invalid(f"{here}.path", text, "must be an absolute path"))
    service = (path.get("backend") or {}).get("service")
    if service is not None and not service.get("name"):
        errors.append(required(f"{here}.backend.service.name"))
    return errors


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    spec = item.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        return [invalid("spec", spec, "either `defaultBackend` or `rules` must be specified")]
    errors = []
    for index, rule in enumerate(spec.get("rules") or ()):
        for number, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            errors += _check_path(f"spec.rules[{index}].http.paths[{number}]", path)
    return errors


KINDS = (
    Kind(
        group="networking.k8s.io",
        version="v1",
        kind="Ingress",
        plural="ingresses",
        singular="ingress",
        short_names=("ing",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Class", lambda o, _: (o.get("spec") or {}).get("ingressClassName") or NONE),
            Column("Hosts", _hosts),
            Column("Address", _address),
            Column("Ports", lambda o, _: "80, 443" if (o.get("spec") or {}).get("tls") else "80"),
        ),
        on_create=creating({"loadBalancer": {}}, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
    ),
)
