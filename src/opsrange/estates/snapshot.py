"""The whole world as one comparable document, and what differs between two of them.

Only what people decide is compared: specifications, labels, data, identities. What controllers derive (replica sets,
endpoints, events, status) follows from it, and pods are compared as the set of running identities of their workload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_NOISE_METADATA = {"resourceVersion", "generation", "managedFields", "creationTimestamp", "selfLink"}
_NOISE_ANNOTATIONS = {
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubernetes.io/change-cause",
}


def objects(store: Store) -> dict[str, Json]:
    """Every object that people decide, normalised, by entity name."""
    found = {}
    for kind in all_kinds().values():
        if kind.kind in _DERIVED:
            continue
        for document in store.list(kind):
            namespace, name = key_of(document)
            found[f"{namespace or 'cluster'}/{kind.kind}/{name}"] = _normalised(document)
    return found


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

    Lists whose items have names are compared by name, written ``containers[cart]``; others by position.
    """
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list):
        left, right = _keyed(old), _keyed(new)
        for key in [*left, *(key for key in right if key not in left)]:
            yield from differences(left.get(key), right.get(key), f"{path}[{key}]")
    else:
        yield path, old, new


def _keyed(items: Sequence[Any]) -> dict[str, Any]:
    if items and all(isinstance(item, dict) and "name" in item for item in items):
        return {str(item["name"]): item for item in items}
    return {str(index): item for index, item in enumerate(items)}


def _normalised(document: Json) -> Json:
    metadata = {name: value for name, value in document["metadata"].items() if name not in _NOISE_METADATA}
    annotations = {
        name: value for name, value in metadata.get("annotations", {}).items() if name not in _NOISE_ANNOTATIONS
    }
    metadata["annotations"] = annotations
    body = {name: value for name, value in document.items() if name not in {"status", "metadata", "apiVersion", "kind"}}
    return {"metadata": metadata, **body}
