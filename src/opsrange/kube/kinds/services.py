"""Services."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, NONE, UNKNOWN, equality
from opsrange.kube.fields.complaints import duplicate, forbidden, invalid, required, within
from opsrange.kube.fields.names import (
    check,
    check_labels,
    check_name,
    check_one_of,
    dns_1035,
    dns_label,
)
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec.container_rules import check_port_number
from opsrange.types import Json

_WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
_CLIENT_IP_TIMEOUT_S = 10_800


def _external(service: Json, now_ms: int) -> str:
    """The EXTERNAL-IP cell."""
    spec = service["spec"]
    kind, addresses = spec.get("type", "ClusterIP"), list(spec.get("externalIPs") or ())
    if kind == "ExternalName":
        return str(spec.get("externalName", ""))
    if kind == "LoadBalancer":
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        given = [item.get("ip") or item.get("hostname", "") for item in ingress]
        return ",".join([*given, *addresses]) or "<pending>"
    return (",".join(addresses) or NONE) if kind in _WITH_ADDRESS else UNKNOWN


def _ports(service: Json, now_ms: int) -> str:
    """The PORT(S) cell: ``80:30080/TCP``."""
    pieces = []
    for port in service["spec"].get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort", 0) > 0 else ""
        pieces.append(f"{port['port']}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(pieces) or NONE


def _default(service: Json) -> None:
    spec = service.get("spec")
    if spec is None:
        return
    kind = spec["type"] = spec.get("type") or "ClusterIP"
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if spec["sessionAffinity"] == "ClientIP":
        config = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        config.setdefault("timeoutSeconds", _CLIENT_IP_TIMEOUT_S)
    else:
        spec.pop("sessionAffinityConfig", None)
    for port in spec.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if kind in _WITH_ADDRESS:
        spec["internalTrafficPolicy"] = spec.get("internalTrafficPolicy") or "Cluster"
        spec.setdefault("ipFamilies", ["IPv4"])
        spec["ipFamilyPolicy"] = spec.get("ipFamilyPolicy") or "SingleStack"
        if spec.get("clusterIP"):
            spec.setdefault("clusterIPs", [spec["clusterIP"]])
    if kind in _WITH_NODE_PORTS:
        spec["externalTrafficPolicy"] = spec.get("externalTrafficPolicy") or "Cluster"
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _update(new: Json, old: Json) -> None:
    """Allocated addresses and node ports stay when a client leaves them out."""
    updating()(new, old)
    spec, before = new.get("spec"), old["spec"]
    if spec is None:
        return
    if spec["type"] in _WITH_ADDRESS and before["type"] in _WITH_ADDRESS:
        for field in ("clusterIP", "clusterIPs"):
            if not spec.get(field) and before.get(field):
                spec[field] = before[field]
    allocated = {
        (port.get("protocol"), port.get("port")): port.get("nodePort")
        for port in before.get("ports") or ()
        if port.get("nodePort")
    }
    for port in spec.get("ports") or ():
        kept = allocated.get((port.get("protocol"), port.get("port")))
        if spec["type"] in _WITH_NODE_PORTS and kept and not port.get("nodePort"):
            port["nodePort"] = kept
        freed = spec["type"] == "ClusterIP" and before["type"] != "ClusterIP"
        if freed and kept and port.get("nodePort") == kept:
            # a type change gives node ports back unless the client insists on others
            port.pop("nodePort")
    if spec["type"] == "ClusterIP" and before["type"] != "ClusterIP":
        spec.pop("externalTrafficPolicy", None)
        spec.pop("allocateLoadBalancerNodePorts", None)


def _check_port(here: str, port: Json, *, several: bool, kind: str) -> list[FieldError]:
    errors = []
    if several and not port.get("name"):
        errors.append(required(f"{here}.name"))
    elif port.get("name"):
        errors += check(f"{here}.name", port["name"], dns_label)
    errors += within(f"{here}.port", port.get("port") or 0, 1, 65535)
    errors += check_one_of(f"{here}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
    errors += check_port_number(f"{here}.targetPort", port.get("targetPort"))
    if port.get("nodePort") and kind not in _WITH_NODE_PORTS:
        detail = f"may not be used when `type` is '{kind}'"
        errors.append(forbidden(f"{here}.nodePort", detail))
    return errors


def _check_ports(spec: Json) -> list[FieldError]:
    errors, seen, names = [], set(), set()
    ports = spec.get("ports") or []
    for index, port in enumerate(ports):
        here = f"spec.ports[{index}]"
        errors += _check_port(here, port, several=len(ports) > 1, kind=spec["type"])
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            errors.append(duplicate(here, {"port": key[1], "protocol": key[0]}))
        if port.get("name") and port["name"] in names:
            errors.append(duplicate(f"{here}.name", port["name"]))
        seen.add(key)
        names.add(port.get("name"))
    return errors


def _validate(service: Json, old: Json | None) -> list[FieldError]:
    spec = service.get("spec")
    errors = check_name(service, dns_1035) if old is None else []
    if not spec:
        return [*errors, required("spec.ports")]
    if old is not None and spec["type"] in _WITH_ADDRESS and old["spec"]["type"] in _WITH_ADDRESS:
        before = old["spec"].get("clusterIPs") or []
        if before and spec.get("clusterIP") != before[0]:
            changed = spec.get("clusterIPs") or [spec.get("clusterIP", "")]
            errors.append(invalid("spec.clusterIPs[0]", changed, "may not change once set"))
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    errors += check_one_of("spec.type", spec["type"], kinds)
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and not headless and spec["type"] != "ExternalName":
        errors.append(required("spec.ports"))
    if headless and spec["type"] in _WITH_NODE_PORTS:
        detail = f"may not be set to 'None' for {spec['type']} services"
        errors.append(invalid("spec.clusterIPs[0]", "None", detail))
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        errors.append(required("spec.externalName"))
    errors += _check_ports(spec)
    errors += check_labels("spec.selector", spec.get("selector"))
    return errors + check_one_of(
        "spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None")
    )


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
            Column("External-IP", _external),
            Column("Port(s)", _ports),
            AGE,
            Column("Selector", lambda o, _: equality(o["spec"].get("selector")), 1),
        ),
        age_column=False,
        default=_default,
        on_create=creating({"loadBalancer": {}}),
        on_update=_update,
        validate=_validate,
        selectable_fields=lambda o: {
            "spec.clusterIP": o.get("spec", {}).get("clusterIP", ""),
            "spec.type": o.get("spec", {}).get("type", ""),
        },
    ),
)
