"""The objects of a cluster, their versions, and the stream of changes to them.

Theory of operation: an object is a JSON dict that nobody changes once it is stored; a write replaces it. One integer,
the resource version, counts writes of the whole cluster. Each write is journalled, kept in a bounded window from
which watches resume, and announced to subscribers in the order of writing, also when a subscriber itself writes.

Belongs here: storage semantics (versions, identity, deletion in two steps). Does not: defaults, validation, admission
(``registry``), HTTP (``api``).
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opsrange.kube.kind import Kind
from opsrange.kube.status_errors import ApiError, already_exists, conflict, expired, not_found
from opsrange.types import Json, rfc3339
from opsrange.world.kernel import Kernel

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_DEFAULT_GRACE_S = 30
FOREGROUND = "foregroundDeletion"
"""The finalizer that holds an owner until its dependents are gone."""
ORPHAN = "orphan"
"""The finalizer that holds an owner until its dependents have let go of it."""
_PROPAGATION_FINALIZER = {"Foreground": FOREGROUND, "Orphan": ORPHAN}


@dataclass(frozen=True, slots=True)
class Change:
    """One write."""

    verb: str
    """``ADDED``, ``MODIFIED`` or ``DELETED``, as watches name them."""
    kind: Kind
    old: Json | None
    """Before; ``None`` when added."""
    new: Json | None
    """After; ``None`` when deleted."""
    actor: str
    resource_version: int

    @property
    def last(self) -> Json:
        """The object as last seen: after the change, or what was deleted."""
        found = self.old if self.new is None else self.new
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Deletion:
    """How an object is to be deleted: the API's ``DeleteOptions``."""

    grace_s: int | None = None
    """Seconds a pod gets to stop; ``None`` takes the pod's own."""
    propagation: str = "Background"
    """``Background``, ``Foreground`` or ``Orphan``. The latter two leave a finalizer for the garbage collector."""
    uid: str = ""
    """Delete only this incarnation; empty for any."""
    resource_version: str = ""
    """Delete only this version; empty for any."""


Subscriber = Callable[[Change], None]
Key = tuple[str, str]


def key_of(document: Json) -> Key:
    """``(namespace, name)``; the namespace of cluster-scoped objects is empty."""
    metadata = document["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _uuid(stream: random.Random) -> str:
    digits = f"{stream.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _with_metadata(document: Json, **fields: object) -> Json:
    """A copy with metadata fields set (``None`` removes), sharing everything else."""
    metadata = {**document["metadata"], **fields}
    return {
        **document,
        "metadata": {name: value for name, value in metadata.items() if value is not None},
    }


def _held(document: Json) -> bool:
    """Whether finalizers keep a deleted object alive (namespaces have theirs in the spec)."""
    if document["metadata"].get("finalizers"):
        return True
    return document.get("kind") == "Namespace" and bool(
        (document.get("spec") or {}).get("finalizers")
    )


class Store:
    """Objects by kind, namespace and name.

    Args:
        kernel: gives time, identifiers and the journal.
        window: how many changes a watch can go back.
    """

    def __init__(self, kernel: Kernel, *, window: int = 4_096) -> None:
        self.kernel = kernel
        self.resource_version = 1
        self._objects: dict[Key, dict[Key, Json]] = {}
        self._history: deque[Change] = deque(maxlen=window)
        self._subscribers: dict[int, Subscriber] = {}
        self._next_subscriber = 0
        self._pending: deque[Change] = deque()
        self._announcing = False
        self._uids = kernel.streams.stream("kube.uid")
        self._names = kernel.streams.stream("kube.name")

    # -- reading ---------------------------------------------------------------------------------

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """The object, or ``None``. Treat it as immutable."""
        return self._objects.get((kind.group, kind.plural), {}).get((namespace, name))

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """The object. Treat it as immutable.

        Raises:
            ApiError: 404.
        """
        found = self.find(kind, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return found

    def list(self, kind: Kind, namespace: str = "") -> Sequence[Json]:
        """Objects of a kind in the order of (namespace, name); of every namespace when it is empty."""
        found = self._objects.get((kind.group, kind.plural), {})
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def changes_since(self, resource_version: int) -> Sequence[Change]:
        """Changes after a version, oldest first.

        Raises:
            ApiError: 410 when the window no longer reaches back that far.
        """
        oldest = self._history[0].resource_version if self._history else self.resource_version + 1
        if resource_version + 1 < oldest:
            raise expired(resource_version, oldest - 1)
        newer = []
        for change in reversed(self._history):
            if change.resource_version <= resource_version:
                break
            newer.append(change)
        newer.reverse()
        return newer

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` after each change, in the order of writing; returns how to stop."""
        self._next_subscriber += 1
        number = self._next_subscriber
        self._subscribers[number] = subscriber
        return lambda: self._subscribers.pop(number, None) and None

    # -- writing ---------------------------------------------------------------------------------

    def named(self, document: Json) -> Json:
        """Give a document that only has ``generateName`` a name."""
        metadata = document["metadata"]
        prefix = metadata.get("generateName")
        if metadata.get("name") or not prefix:
            return document
        suffix = "".join(self._names.choice(_SUFFIX_LETTERS) for _ in range(5))
        return _with_metadata(document, name=f"{prefix[:58]}{suffix}")

    def previewed(self, kind: Kind, document: Json) -> Json:
        """What :meth:`create` would store, under an identity that is not drawn from the world's.

        Raises:
            ApiError: 409 when the name is taken.
        """
        key = key_of(document)
        if self.find(kind, *key) is not None:
            raise already_exists(kind, key[1])
        return self._born(document, random.Random(f"{key}{self.kernel.now_ms}"), None)

    def _born(self, document: Json, uids: random.Random, version: str | None) -> Json:
        return _with_metadata(
            document,
            uid=_uuid(uids),
            resourceVersion=version,
            creationTimestamp=rfc3339(self.kernel.now_ms),
            deletionTimestamp=None,
            deletionGracePeriodSeconds=None,
            selfLink=None,
        )

    def create(self, kind: Kind, document: Json) -> Json:
        """Store a new object; returns it with identity and version.

        Raises:
            ApiError: 409 when the name is taken.
        """
        document = self.named(document)
        key = key_of(document)
        objects = self._objects.setdefault((kind.group, kind.plural), {})
        if key in objects:
            raise already_exists(kind, key[1])
        self.resource_version += 1
        created = self._born(document, self._uids, str(self.resource_version))
        objects[key] = created
        self._announce("ADDED", kind, None, created)
        return created

    def update(self, kind: Kind, document: Json) -> Json:
        """Replace an object; returns what is stored, which is the old object when nothing differs.

        An object that is being deleted goes away when its last finalizer does.

        Raises:
            ApiError: 404, or 409 when ``document`` carries another version or identity.
        """
        key = key_of(document)
        old = self.get(kind, *key)
        merged = self.checked(kind, document, old)
        if merged == old:
            return old
        self.resource_version += 1
        new = _with_metadata(merged, resourceVersion=str(self.resource_version))
        was = old["metadata"]
        if (
            "deletionTimestamp" in was
            and not was.get("deletionGracePeriodSeconds")
            and not _held(new)
        ):
            return self._remove(kind, key, new)
        self._objects[kind.group, kind.plural][key] = new
        self._announce("MODIFIED", kind, old, new)
        return new

    def checked(self, kind: Kind, document: Json, old: Json) -> Json:
        """A replacement for ``old`` with identity and deletion state kept, preconditions checked.

        Raises:
            ApiError: 409.
        """
        given, had = document["metadata"], old["metadata"]
        if given.get("resourceVersion") and given["resourceVersion"] != had["resourceVersion"]:
            raise conflict(kind, had["name"])
        if given.get("uid") and given["uid"] != had["uid"]:
            raise _uid_conflict(kind, had["name"], given["uid"], had["uid"])
        return _with_metadata(
            document,
            uid=had["uid"],
            resourceVersion=had["resourceVersion"],
            creationTimestamp=had["creationTimestamp"],
            deletionTimestamp=had.get("deletionTimestamp"),
            deletionGracePeriodSeconds=had.get("deletionGracePeriodSeconds"),
            generateName=had.get("generateName"),
            selfLink=None,
        )

    def delete(self, kind: Kind, namespace: str, name: str, how: Deletion | None = None) -> Json:
        """Delete an object, or begin to.

        A pod on a node keeps running for its grace period (the kubelet deletes it again with ``grace_s=0``); an
        object with finalizers is marked and waits for them.

        Returns:
            The object as it is now, or was last. It is gone when :meth:`find` says so.

        Raises:
            ApiError: 404, or 409 when a precondition of ``how`` does not hold.
        """
        how = how or Deletion()
        old = self.get(kind, namespace, name)
        had = old["metadata"]
        if how.uid and how.uid != had["uid"]:
            raise _uid_conflict(kind, name, how.uid, had["uid"])
        if how.resource_version and how.resource_version != had["resourceVersion"]:
            why = (
                f"Precondition failed: ResourceVersion in precondition: {how.resource_version}, "
                f"ResourceVersion in object meta: {had['resourceVersion']}"
            )
            raise conflict(kind, name, why)
        grace_s = _grace_s(kind, old, how)
        marked = self._marked(old, how, grace_s)
        if not grace_s and not _held(marked):
            self.resource_version += 1
            return self._remove(kind, (namespace, name), old)
        if marked == old:
            return old
        self.resource_version += 1
        new = _with_metadata(marked, resourceVersion=str(self.resource_version))
        self._objects[kind.group, kind.plural][namespace, name] = new
        self._announce("MODIFIED", kind, old, new)
        return new

    def _marked(self, old: Json, how: Deletion, grace_s: int) -> Json:
        """``old`` as it is while it waits to go."""
        had = old["metadata"]
        fields: Json = {}
        finalizer = _PROPAGATION_FINALIZER.get(how.propagation)
        if finalizer and finalizer not in had.get("finalizers", []):
            fields["finalizers"] = [*had.get("finalizers", []), finalizer]
        if "deletionTimestamp" not in had or grace_s < had.get("deletionGracePeriodSeconds", 0):
            fields["deletionTimestamp"] = rfc3339(self.kernel.now_ms + grace_s * 1_000)
            fields["deletionGracePeriodSeconds"] = grace_s
            if "generation" in had:
                fields["generation"] = had["generation"] + 1
        marked = _with_metadata(old, **fields)
        if old.get("kind") == "Namespace":
            marked["status"] = {**old.get("status", {}), "phase": "Terminating"}
        return marked

    def _remove(self, kind: Kind, key: Key, last: Json) -> Json:
        del self._objects[kind.group, kind.plural][key]
        last = _with_metadata(last, resourceVersion=str(self.resource_version))
        self._announce("DELETED", kind, last, None)
        return last

    def _announce(self, verb: str, kind: Kind, old: Json | None, new: Json | None) -> None:
        change = Change(verb, kind, old, new, self.kernel.actor, self.resource_version)
        self._journal(change)
        self._history.append(change)
        self._pending.append(change)
        if self._announcing:
            return
        self._announcing = True
        try:
            while self._pending:
                due = self._pending.popleft()
                for subscriber in list(self._subscribers.values()):
                    subscriber(due)
        finally:
            self._announcing = False

    def _journal(self, change: Change) -> None:
        """What changed, by name, and a digest of the parts that differ."""
        namespace, name = key_of(change.last)
        old: Mapping[str, object] = change.old or {}
        parts = {
            part: value
            for part, value in (change.new or {}).items()
            if value is not old.get(part) and value != old.get(part)
        }
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        data = {
            "verb": change.verb,
            "object": f"{namespace or 'cluster'}/{change.kind.kind}/{name}",
            "version": change.resource_version,
            "content": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(),
        }
        self.kernel.record("kube.object", data)


def _grace_s(kind: Kind, old: Json, how: Deletion) -> int:
    """Seconds until the object goes; only pods on a node that still run have any."""
    if (kind.group, kind.plural) != ("", "pods"):
        return 0
    spec = old.get("spec") or {}
    if not spec.get("nodeName") or (old.get("status") or {}).get("phase") in (
        "Succeeded",
        "Failed",
    ):
        return 0
    grace_s = how.grace_s
    if grace_s is None:
        grace_s = spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE_S)
    before = old["metadata"].get("deletionGracePeriodSeconds")
    return int(max(0, grace_s if before is None else min(grace_s, before)))


def _uid_conflict(kind: Kind, name: str, asked: str, found: str) -> ApiError:
    why = f"Precondition failed: UID in precondition: {asked}, UID in object meta: {found}"
    return conflict(kind, name, why)
