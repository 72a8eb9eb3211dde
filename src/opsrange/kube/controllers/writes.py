"""What a reconcile may ask for.

A reconcile is a generator: it reads a :class:`~opsrange.kube.view.View`, yields writes, and is sent the API server's
refusal (``None`` when the write succeeded) as the value of each ``yield``. It touches nothing itself, so a test can
drive it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass

from opsrange.kube.store import Deletion
from opsrange.kube.view import View, controller_of, owner_reference, selects
from opsrange.types import Json


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """An object's name, as work queues know it."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Create:
    """Create an object, through admission."""

    document: Json


@dataclass(frozen=True, slots=True)
class Update:
    """Replace an object's metadata and spec; its status stays."""

    document: Json


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Replace an object's status, and add annotations; nothing happens when all is the same already."""

    document: Json
    status: Json
    annotations: Json | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """Bind a pod to a node, as the binding subresource does, with the pod's new status."""

    pod: Json
    node: str
    status: Json


@dataclass(frozen=True, slots=True)
class Finalize:
    """Let go of an emptied namespace, as its finalize subresource does."""

    namespace: Json


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object, pods gracefully."""

    document: Json
    how: Deletion | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """Record an event about an object."""

    about: Json
    type: str
    """``Normal`` or ``Warning``."""
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Requeue:
    """Look at this key again after a delay."""

    after_ms: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Look again later, with a delay that doubles each time it is asked for in a row."""


Write = Create | Update | Bind | Finalize | SetStatus | Delete | Emit | Requeue | Retry
Writes = Generator[Write, str | None, None]
Creation = Generator[Write, str | None, str]
"""Writes whose value is the refusal that stopped them, or empty."""
Reconcile = Callable[[View, Key, int], Writes]
"""(view, key, present instant in milliseconds)."""
Triggers = Callable[[View, Json], Iterable[Key]]
"""From an object that changed (as it was, and as it is) to the keys to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A reconcile and what sets it off."""

    name: str
    """The actor and event source, e.g. ``deployment-controller``."""
    reconcile: Reconcile
    watches: Mapping[str, Triggers]
    """By kind name."""
    delay_ms: int = 20
    """From a change to the reaction: informer latency and queueing."""


def itself(_view: View, document: Json) -> Iterable[Key]:
    """Trigger: the object that changed."""
    metadata = document["metadata"]
    return (Key(metadata.get("namespace", ""), metadata["name"]),)


def owner_of_kind(kind: str) -> Triggers:
    """Trigger: the controlling owner of the object that changed, when it is of ``kind``."""

    def owners(_view: View, document: Json) -> Iterable[Key]:
        metadata = document["metadata"]
        for reference in metadata.get("ownerReferences", ()):
            if reference.get("controller") and reference["kind"] == kind:
                yield Key(metadata.get("namespace", ""), reference["name"])

    return owners


def claimant(kind: str) -> Triggers:
    """Trigger: the owner of the object that changed, or for an orphan every one of ``kind`` that would take it."""

    def owners(view: View, document: Json) -> Iterable[Key]:
        if controller_of(document) is not None:
            return owner_of_kind(kind)(view, document)
        metadata = document["metadata"]
        namespace, labels = metadata.get("namespace", ""), metadata.get("labels") or {}
        return [
            Key(namespace, found["metadata"]["name"])
            for found in view.list(kind, namespace)
            if selects(found["spec"]["selector"], labels)
        ]

    return owners


def with_condition(status: Json, fresh: Json, now: str) -> Json:
    """``status`` with one condition set; its transition time moves only when its status does.

    Args:
        status: not changed in place.
        fresh: type, status, reason, message.
        now: the present instant as Kubernetes prints it.
    """
    conditions = []
    placed = False
    for old in status.get("conditions", ()):
        if old["type"] != fresh["type"]:
            conditions.append(old)
            continue
        placed = True
        same = all(old.get(name) == fresh.get(name) for name in ("status", "reason", "message"))
        since = old["lastTransitionTime"] if old["status"] == fresh["status"] else now
        conditions.append(old if same else {**old, **fresh, "lastTransitionTime": since})
    if not placed:
        conditions.append({**fresh, "lastTransitionTime": now})
    return {**status, "conditions": conditions}


def claimed(
    owner: Json, candidates: Iterable[Json], lives: Callable[[Json], bool]
) -> Generator[Write, str | None, list[Json]]:
    """Adopt orphans that the owner's selector matches, let go of what it no longer does; the value is what belongs to it then.

    The rules are those of Kubernetes' controller reference manager.

    Args:
        owner: has a label selector in its specification.
        candidates: of the kind that it owns, in its namespace.
        lives: whether one is worth adopting or letting go.
    """
    mine = []
    for document in candidates:
        metadata = document["metadata"]
        reference = controller_of(document)
        matches = selects(owner["spec"]["selector"], metadata.get("labels") or {})
        if reference is None and matches and lives(document):
            references = [*metadata.get("ownerReferences", ()), owner_reference(owner)]
            yield Update({**document, "metadata": {**metadata, "ownerReferences": references}})
            mine.append(document)
        elif reference is not None and reference["uid"] == owner["metadata"]["uid"]:
            if matches:
                mine.append(document)
            elif lives(document):
                others = [each for each in metadata["ownerReferences"] if each is not reference]
                yield Update({**document, "metadata": {**metadata, "ownerReferences": others}})
    return mine
