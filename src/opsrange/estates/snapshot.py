"""The whole world as one comparable document, and what differs between two of them.

Only what people decide is compared: specifications, labels, data, identities. What controllers derive (replica sets,
endpoints, events, status) follows from it, and pods are compared as the set of running identities of their workload. What is
derived and cannot be derived again, old replica sets and events, has to be watched: here its loss does not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsrange.kube.kind import all_kinds
from opsrange.kube.store import Store, key_of
from opsrange.types import Json

_DERIVED = {
    "Pod",
    "ReplicaSet",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "ControllerRevision",
    "Lease",
    "PodMetrics",
    "NodeMetrics",
}
_SOMETIMES_DECIDED = {"Pod", "ReplicaSet"}
"""Derived when something owns them. One that stands alone was put there by somebody."""
_NOISE_METADATA = {
    "resourceVersion",
    "generation",
    "managedFields",
    "creationTimestamp",
    "selfLink",
}
_NOISE_ANNOTATIONS = {
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubernetes.io/change-cause",
}


def documents(store: Store) -> dict[str, Json]:
    """Every object that people decide, as stored, by entity name. Treat them as immutable."""
    return {
        entity_of(kind.kind, document): document
        for kind in all_kinds().values()
        if kind.kind not in _DERIVED or kind.kind in _SOMETIMES_DECIDED
        for document in store.list(kind)
        if kind.kind not in _DERIVED or not document["metadata"].get("ownerReferences")
    }


def entity_of(kind: str, document: Json) -> str:
    """``namespace/Kind/name``."""
    namespace, name = key_of(document)
    return f"{namespace or 'cluster'}/{kind}/{name}"


def normalised(found: Mapping[str, Json]) -> dict[str, Json]:
    """What of some documents can be compared between two worlds."""
    scaled = _autoscaled(found)
    comparable = {}
    for entity, document in found.items():
        low, high = scaled.get(entity, (1, 0))
        normal = _normalised(document)
        if low <= normal.get("spec", {}).get("replicas", 0) <= high:
            replicas = f"{low} to {high}, by an autoscaler"
            normal["spec"] = {**normal["spec"], "replicas": replicas}
        comparable[entity] = normal
    return comparable


def _autoscaled(found: Mapping[str, Json]) -> dict[str, tuple[int, int]]:
    """The bounds between which an autoscaler, and nobody else, decides a workload's replicas, by entity."""
    bounds = {}
    for scaler in found.values():
        if scaler["kind"] == "HorizontalPodAutoscaler":
            spec, target = scaler["spec"], scaler["spec"]["scaleTargetRef"]
            entity = f"{scaler['metadata']['namespace']}/{target['kind']}/{target['name']}"
            bounds[entity] = (spec.get("minReplicas", 1), spec["maxReplicas"])
    return bounds


def running(store: Store) -> dict[str, dict[str, int]]:
    """Per workload entity, its pods' uids, each with how often its containers restarted."""
    found: dict[str, dict[str, int]] = {}
    for pod in store.list(all_kinds()["", "pods"]):
        statuses = pod.get("status", {}).get("containerStatuses", [])
        restarts = sum(status.get("restartCount", 0) for status in statuses)
        found.setdefault(workload_of(pod), {})[pod["metadata"]["uid"]] = restarts
    return found


def workload_of(pod: Json) -> str:
    """The entity that keeps a pod running: the deployment behind its replica set, its direct owner, or itself."""
    namespace = pod["metadata"]["namespace"]
    for owner in pod["metadata"].get("ownerReferences", []):
        if owner["kind"] == "ReplicaSet":
            return f"{namespace}/Deployment/{owner['name'].rpartition('-')[0]}"
        return f"{namespace}/{owner['kind']}/{owner['name']}"
    return f"{namespace}/Pod/{pod['metadata']['name']}"


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every field that differs, as (path, old, new); absent is ``None``.

    Lists whose items all have names of their own are compared by name, written ``containers[cart]``; others by position. A
    container that was renamed is compared under its former name.
    """
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(
                old.get(key), new.get(key), f"{path}.{key}" if path else str(key)
            )
    elif isinstance(old, list) and isinstance(new, list):
        named = _has_names(old) and _has_names(new)
        left, right = _keyed(old, named), _keyed(new, named)
        if named and path.endswith("ontainers"):
            right = _renamed(left, right)
        for key in [*left, *(key for key in right if key not in left)]:
            yield from differences(left.get(key), right.get(key), f"{path}[{key}]")
    else:
        yield path, old, new


def _renamed(left: Mapping[str, Json], right: Mapping[str, Json]) -> dict[str, Json]:
    """The right side with a container that alone got another name under its former one: renaming it changes nothing else."""
    gone, fresh = (
        [key for key in left if key not in right],
        [key for key in right if key not in left],
    )
    if len(gone) == len(fresh) == 1:
        return {gone[0] if key == fresh[0] else key: each for key, each in right.items()}
    return dict(right)


def _has_names(items: Sequence[Any]) -> bool:
    names = [item.get("name") for item in items if isinstance(item, dict)]
    return len(names) == len(items) == len({*names} - {None})


def _keyed(items: Sequence[Any], named: bool) -> dict[str, Any]:
    return {str(item["name"] if named else index): item for index, item in enumerate(items)}


def _normalised(document: Json) -> Json:
    metadata = {
        name: value for name, value in document["metadata"].items() if name not in _NOISE_METADATA
    }
    annotations = {
        name: value
        for name, value in metadata.get("annotations", {}).items()
        if name not in _NOISE_ANNOTATIONS
    }
    metadata["annotations"] = annotations
    body = {
        name: value
        for name, value in document.items()
        if name not in {"status", "metadata", "apiVersion", "kind"}
    }
    return {"metadata": metadata, **body}
