"""Garbage collection: dependents of owners that are gone, and the finalizers that wait for dependents."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.kube.controllers.writes import Controller, Delete, Key, Requeue, Update, Writes
from opsrange.kube.store import FOREGROUND, ORPHAN
from opsrange.kube.view import View, kind_by_name
from opsrange.types import Json

_OWNED = (
    "ReplicaSet",
    "Pod",
    "Job",
    "ControllerRevision",
    "EndpointSlice",
    "PersistentVolumeClaim",
)
"""Kinds that have owners in this twin."""
_OWNERS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service")
_RECHECK_MS = 1_000


def _dependents(view: View, namespace: str, uid: str) -> Iterator[Json]:
    for kind in _OWNED:
        for document in view.list(kind, namespace):
            references = document["metadata"].get("ownerReferences", ())
            if any(reference["uid"] == uid for reference in references):
                yield document


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Deal with one owner, named ``Kind/name/uid``."""
    kind, name, uid = key.name.split("/", 2)
    owner = view.get(kind, key.namespace, name)
    if owner is not None and owner["metadata"]["uid"] != uid:
        owner = None
    finalizers = owner["metadata"].get("finalizers", ()) if owner else ()
    if owner is not None and "deletionTimestamp" not in owner["metadata"]:
        return
    dependents = list(_dependents(view, key.namespace, uid))
    if owner is not None and ORPHAN in finalizers:
        for document in dependents:
            yield _without_owner(document, uid)
        yield _without_finalizer(owner, ORPHAN)
        return
    for document in dependents:
        references = document["metadata"]["ownerReferences"]
        living = [r for r in references if r["uid"] != uid and _exists(view, key.namespace, r)]
        if living:
            yield _without_owner(document, uid)
        elif "deletionTimestamp" not in document["metadata"]:
            yield Delete(document)
    if owner is not None and FOREGROUND in finalizers:
        if any(_dependents(view, key.namespace, uid)):
            yield Requeue(_RECHECK_MS)
        else:
            yield _without_finalizer(owner, FOREGROUND)


def _exists(view: View, namespace: str, reference: Json) -> bool:
    found = view.get(reference["kind"], namespace, reference["name"])
    return found is not None and found["metadata"]["uid"] == reference["uid"]


def _without_owner(document: Json, uid: str) -> Update:
    metadata = document["metadata"]
    kept = [r for r in metadata.get("ownerReferences", ()) if r["uid"] != uid]
    return Update({**document, "metadata": {**metadata, "ownerReferences": kept}})


def _without_finalizer(document: Json, name: str) -> Update:
    metadata = document["metadata"]
    kept = [item for item in metadata.get("finalizers", ()) if item != name]
    return Update({**document, "metadata": {**metadata, "finalizers": kept}})


def _leaving(view: View, document: Json) -> list[Key]:
    """An owner that is being deleted or is gone."""
    metadata = document["metadata"]
    namespace = metadata.get("namespace", "")
    kind = document.get("kind", "")
    if kind not in kind_by_name():
        return []
    current = view.get(kind, namespace, metadata["name"])
    gone = current is None or current["metadata"]["uid"] != metadata["uid"]
    if not gone and "deletionTimestamp" not in metadata:
        return []
    return [Key(namespace, f"{kind}/{metadata['name']}/{metadata['uid']}")]


def _ownerless(view: View, document: Json) -> list[Key]:
    """Dependents whose owner was gone before they were created."""
    namespace = document["metadata"].get("namespace", "")
    return [
        *_leaving(view, document),
        *(
            Key(namespace, f"{reference['kind']}/{reference['name']}/{reference['uid']}")
            for reference in document["metadata"].get("ownerReferences", ())
            if not _exists(view, namespace, reference)
        ),
    ]


CONTROLLER = Controller(
    name="generic-garbage-collector",
    reconcile=reconcile,
    watches={**dict.fromkeys(_OWNERS, _leaving), "ReplicaSet": _ownerless, "Pod": _ownerless},
    delay_ms=100,
)
