"""Endpoints and endpoint slices: which addresses stand behind a service."""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.kube.admission import suffix
from opsrange.kube.controllers.writes import Controller, Create, Delete, Key, Update, Writes, itself
from opsrange.kube.view import View, owner_reference, pod_ready
from opsrange.types import Json

_SLICE_SERVICE = "kubernetes.io/service-name"
_SLICE_MANAGER = "endpointslice.kubernetes.io/managed-by"


def target_port(service_port: Json, pod: Json) -> int | None:
    """The container port a service port leads to in a pod; ``None`` when the pod has no port of that name."""
    target: int | str = service_port.get("targetPort") or service_port["port"]
    if isinstance(target, int) or str(target).isdigit():
        return int(target)
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", ()):
            if port.get("name") == target and port.get("protocol", "TCP") == service_port.get(
                "protocol", "TCP"
            ):
                return int(port["containerPort"])
    return None


def _backends(view: View, service: Json) -> list[Json]:
    """Pods with an address that the service selects."""
    selector = service["spec"]["selector"].items()
    found = [
        pod
        for pod in view.list("Pod", service["metadata"]["namespace"])
        if pod.get("status", {}).get("podIP")
        and pod["status"].get("phase") not in {"Succeeded", "Failed"}
        and selector <= (pod["metadata"].get("labels") or {}).items()
    ]
    return sorted(found, key=lambda pod: _numeric(pod["status"]["podIP"]))


def _numeric(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))


def _ports(service: Json, pod: Json) -> tuple[Json, ...]:
    """The ports of a service as this pod serves them."""
    found = []
    for port in service["spec"].get("ports", ()):
        number = target_port(port, pod)
        if number is not None:
            entry: Json = {"name": port["name"]} if port.get("name") else {}
            found.append({**entry, "port": number, "protocol": port.get("protocol", "TCP")})
    return tuple(found)


def _subsets(service: Json, pods: Sequence[Json]) -> list[Json]:
    grouped: dict[str, Json] = {}
    publish = service["spec"].get("publishNotReadyAddresses", False)
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"]:
            continue
        ports = _ports(service, pod)
        if not ports and service["spec"].get("ports"):
            continue
        subset = grouped.setdefault(repr(ports), {"ports": list(ports)})
        side = "addresses" if pod_ready(pod) or publish else "notReadyAddresses"
        subset.setdefault(side, []).append(_address(pod))
    order = ("addresses", "notReadyAddresses", "ports")
    return [
        {name: subset[name] for name in order if subset.get(name)} for subset in grouped.values()
    ]


def _target(pod: Json) -> Json:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }


def _address(pod: Json) -> Json:
    return {
        "ip": pod["status"]["podIP"],
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _target(pod),
    }


def _metadata(service: Json, name: str, labels: Json) -> Json:
    mine = service["metadata"]
    return {
        "name": name,
        "namespace": mine["namespace"],
        "labels": {**mine.get("labels", {}), **labels},
    }


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Make the Endpoints object of a service what it should be."""
    service = view.get("Service", key.namespace, key.name)
    old = view.get("Endpoints", key.namespace, key.name)
    if service is None:
        if old is not None:
            yield Delete(old)
        return
    if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
        return
    subsets = _subsets(service, _backends(view, service))
    headless = service["spec"].get("clusterIP") == "None"
    labels = {"service.kubernetes.io/headless": ""} if headless else {}
    if old is None:
        document: Json = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": _metadata(service, key.name, labels),
        }
        yield Create({**document, "subsets": subsets} if subsets else document)
    elif old.get("subsets", []) != subsets:
        rest = {name: value for name, value in old.items() if name != "subsets"}
        yield Update({**rest, "subsets": subsets} if subsets else rest)


def reconcile_slices(view: View, key: Key, now_ms: int) -> Writes:
    """Make the endpoint slices of a service what they should be: one per set of ports."""
    service = view.get("Service", key.namespace, key.name)
    existing = {
        repr(item.get("ports")): item
        for item in view.list("EndpointSlice", key.namespace)
        if item["metadata"].get("labels", {}).get(_SLICE_SERVICE) == key.name
        and item["metadata"]["labels"].get(_SLICE_MANAGER) == "endpointslice-controller.k8s.io"
    }
    wanted: dict[str, Json] = {}
    if service is not None and service["spec"].get("selector"):
        for pod in _backends(view, service):
            # A slice's ports all have a name, which may be empty.
            ports = [{"name": "", **port} for port in _ports(service, pod)]
            entry = wanted.setdefault(repr(ports), {"ports": ports, "endpoints": []})
            entry["endpoints"].append(_endpoint(service, pod))
        if not wanted:
            # As in a real cluster, a service without backends keeps one empty slice.
            wanted[repr(None)] = {"ports": None, "endpoints": None}
    for digest, item in existing.items():
        if digest not in wanted:
            yield Delete(item)
    for digest, entry in wanted.items():
        found = existing.get(digest)
        if found is None:
            assert service is not None
            yield Create(_slice(service, digest, entry))
        elif found.get("endpoints") != entry["endpoints"]:
            yield Update({**found, **entry})


def _endpoint(service: Json, pod: Json) -> Json:
    going = "deletionTimestamp" in pod["metadata"]
    serving = pod_ready(pod)
    publish = service["spec"].get("publishNotReadyAddresses", False)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": publish or (serving and not going),
            "serving": serving,
            "terminating": going,
        },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _target(pod),
    }


def _slice(service: Json, digest: str, entry: Json) -> Json:
    name = service["metadata"]["name"]
    labels = {_SLICE_SERVICE: name, _SLICE_MANAGER: "endpointslice-controller.k8s.io"}
    tail = suffix(f"{service['metadata']['uid']}/{digest}")
    metadata = _metadata(service, f"{name}-{tail}", labels)
    metadata["generateName"] = f"{name}-"
    metadata["ownerReferences"] = [owner_reference(service)]
    document = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
    }
    return {**document, **entry}


def _selecting(view: View, pod: Json) -> list[Key]:
    """Services that select a pod."""
    namespace = pod["metadata"].get("namespace", "")
    labels = (pod["metadata"].get("labels") or {}).items()
    return [
        Key(namespace, service["metadata"]["name"])
        for service in view.list("Service", namespace)
        if (selector := service["spec"].get("selector")) and selector.items() <= labels
    ]


def _same_name(_view: View, document: Json) -> list[Key]:
    return [Key(document["metadata"]["namespace"], document["metadata"]["name"])]


def _slice_service(_view: View, document: Json) -> list[Key]:
    name = document["metadata"].get("labels", {}).get(_SLICE_SERVICE)
    return [Key(document["metadata"]["namespace"], name)] if name else []


CONTROLLER = Controller(
    name="endpoint-controller",
    reconcile=reconcile,
    watches={"Service": itself, "Pod": _selecting, "Endpoints": _same_name},
    delay_ms=30,
)
SLICES = Controller(
    name="endpointslice-controller",
    reconcile=reconcile_slices,
    watches={"Service": itself, "Pod": _selecting, "EndpointSlice": _slice_service},
    delay_ms=25,
)
