"""What controllers and admission see of the cluster, and how they read an object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Protocol

from opsrange.kube.kind import Kind, all_kinds
from opsrange.kube.store import Store
from opsrange.types import Json, parse_rfc3339


class View(Protocol):
    """The present objects, by kind name. What it returns is shared: never change it in place."""

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """One object, or ``None``; the namespace of cluster-scoped objects is empty."""
        ...

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Json]:
        """All objects of a kind, of one namespace or of all, ordered by namespace and name."""
        ...


@cache
def kind_by_name() -> Mapping[str, Kind]:
    """Kinds by the name manifests use; where groups share one, the core group's."""
    found: dict[str, Kind] = {}
    for kind in sorted(all_kinds().values(), key=lambda item: (item.group, item.plural)):
        found.setdefault(kind.kind, kind)
    return found


class StoreView:
    """A store as controllers see it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """One object, or ``None``, also when the kind is not served."""
        known = kind_by_name().get(kind)
        return self._store.find(known, namespace, name) if known else None

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Json]:
        """Objects of a kind; none when it is not served."""
        known = kind_by_name().get(kind)
        return self._store.list(known, namespace or "") if known else ()


def controller_of(document: Json) -> Json | None:
    """The owner reference of the controlling owner, or ``None``."""
    for reference in document["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            found: Json = reference
            return found
    return None


def owned_by(documents: Iterable[Json], owner_uid: str) -> Iterator[Json]:
    """Those documents whose controller has this uid."""
    for document in documents:
        reference = controller_of(document)
        if reference is not None and reference["uid"] == owner_uid:
            yield document


def owner_reference(owner: Json) -> Json:
    """A controlling owner reference to ``owner``."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def selects(selector: Json | None, labels: Mapping[str, str]) -> bool:
    """Whether a ``LabelSelector`` object matches; an absent one matches nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_holds(rule, labels) for rule in selector.get("matchExpressions", ()))


def _holds(rule: Json, labels: Mapping[str, str]) -> bool:
    key, operator, values = rule["key"], rule["operator"], rule.get("values", ())
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return labels.get(key) not in values
    present = key in labels
    return present if operator == "Exists" else not present


def condition(document: Json, kind: str) -> Json | None:
    """The condition of a type in an object's status, or ``None``."""
    for found in document.get("status", {}).get("conditions", ()):
        if found["type"] == kind:
            same: Json = found
            return same
    return None


def pod_ready(pod: Json) -> bool:
    """Whether a pod's ``Ready`` condition is true."""
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def pod_active(pod: Json) -> bool:
    """Whether a pod still counts for its owner: neither finished nor being deleted."""
    finished = pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}
    return not finished and "deletionTimestamp" not in pod["metadata"]


def available_in_ms(pod: Json, min_ready_s: int, now_ms: int) -> int | None:
    """How long until a pod counts as available: 0 when it does, ``None`` while it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    since_ms = parse_rfc3339(ready["lastTransitionTime"])
    return max(0, since_ms + min_ready_s * 1000 - now_ms) if min_ready_s else 0
