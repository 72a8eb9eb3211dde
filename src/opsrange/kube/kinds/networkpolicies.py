"""Network policies."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.kube.fields.cells import selector
from opsrange.kube.fields.complaints import forbidden, invalid, required
from opsrange.kube.fields.names import check_one_of, check_selector
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec.container_rules import check_port_number
from opsrange.types import Json

_SIDES = (("ingress", "from"), ("egress", "to"))


def _rules(spec: Json) -> Iterator[tuple[str, str, Json]]:
    """Every rule with its place and the name of its list of peers."""
    for side, peers in _SIDES:
        for index, rule in enumerate(spec.get(side) or ()):
            yield f"spec.{side}[{index}]", peers, rule


def _default(policy: Json) -> None:
    spec = policy.get("spec")
    if spec is None:
        return
    for _, _, rule in _rules(spec):
        for port in rule.get("ports") or ():
            port["protocol"] = port.get("protocol") or "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _check_peer(here: str, peer: Json) -> list[FieldError]:
    errors = []
    for name in ("podSelector", "namespaceSelector"):
        errors += check_selector(f"{here}.{name}", peer.get(name))
    if not any(
        peer.get(name) is not None for name in ("podSelector", "namespaceSelector", "ipBlock")
    ):
        errors.append(required(here, "must specify a peer"))
    block = peer.get("ipBlock")
    if block is not None:
        if "podSelector" in peer or "namespaceSelector" in peer:
            errors.append(forbidden(here, "may not specify both ipBlock and another peer"))
        if not block.get("cidr"):
            errors.append(required(f"{here}.ipBlock.cidr"))
        elif "/" not in block["cidr"]:
            detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            errors.append(invalid(f"{here}.ipBlock.cidr", block["cidr"], detail))
    return errors


def _validate(policy: Json, old: Json | None) -> list[FieldError]:
    spec = policy.get("spec") or {}
    errors = check_selector("spec.podSelector", spec.get("podSelector"))
    for here, peers, rule in _rules(spec):
        for index, port in enumerate(rule.get("ports") or ()):
            place = f"{here}.ports[{index}]"
            errors += check_one_of(
                f"{place}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP")
            )
            if "port" in port:
                errors += check_port_number(f"{place}.port", port["port"])
            elif "endPort" in port:
                errors.append(required(f"{place}.port", "must be specified if endPort is"))
        for index, peer in enumerate(rule.get(peers) or ()):
            errors += _check_peer(f"{here}.{peers}[{index}]", peer)
    for kind in spec.get("policyTypes") or ():
        errors += check_one_of("spec.policyTypes", kind, ("Egress", "Ingress"))
    return errors


KINDS = (
    Kind(
        group="networking.k8s.io",
        version="v1",
        kind="NetworkPolicy",
        plural="networkpolicies",
        singular="networkpolicy",
        short_names=("netpol",),
        namespaced=True,
        columns=(
            Column("Pod-Selector", lambda o, _: selector((o.get("spec") or {}).get("podSelector"))),
        ),
        default=_default,
        on_create=creating(generation=True),
        on_update=updating(generation=True),
        validate=_validate,
    ),
)
