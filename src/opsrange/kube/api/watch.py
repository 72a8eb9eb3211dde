"""Watches: a stream of changes, as objects, tables or metadata; and the one answer that waits.

Belongs here: filtering and resuming. Does not: rendering of objects (``reads``), the window of changes (``store``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from opsrange.kube.kind import Kind
from opsrange.kube.status_errors import ApiError
from opsrange.kube.store import Change, Store
from opsrange.types import Json, parse_rfc3339

Render = Callable[[Json, bool], Json]
"""(object, whether it is the first of this stream) to what the client asked to see."""

_INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Interest:
    """What a client watches."""

    kind: Kind
    namespace: str
    matches: Callable[[Json], bool]
    render: Render
    since: int | None = None
    """A resource version to resume from; ``None`` begins with the present objects as ``ADDED``."""
    initial_end: bool = False
    """Mark the end of the initial objects with a bookmark."""
    bookmarks: bool = False
    timeout_s: int | None = None


class WatchStream:
    """One watch. It hears of changes as they happen and renders them at that instant."""

    status = 200
    content_type = "application/json"

    def __init__(self, store: Store, interest: Interest) -> None:
        self._store = store
        self._interest = interest
        self._chunks: list[bytes] = []
        self._sent = False
        self._closed = False
        kernel = store.kernel
        self.deadline_ms = (
            None if interest.timeout_s is None else kernel.now_ms + 1_000 * interest.timeout_s
        )
        try:
            self._begin()
        except ApiError as error:
            self._emit("ERROR", error.status)
            self._closed = True
        self._unsubscribe = store.subscribe(self._hear)

    def _begin(self) -> None:
        interest = self._interest
        if interest.since is not None:
            for change in self._store.changes_since(interest.since):
                self._hear(change)
        else:
            for document in self._store.list(interest.kind, interest.namespace):
                if interest.matches(document):
                    self._show("ADDED", document)
        if interest.initial_end:
            self._bookmark({"annotations": {_INITIAL_END: "true"}})

    def _bookmark(self, metadata: Json) -> None:
        kind = self._interest.kind
        version = {"resourceVersion": str(self._store.resource_version), "creationTimestamp": None}
        document = {"kind": kind.kind, "apiVersion": kind.api_version}
        self._emit("BOOKMARK", {**document, "metadata": {**version, **metadata}})

    def _hear(self, change: Change) -> None:
        interest = self._interest
        if self._closed or change.kind is not interest.kind:
            return
        last = change.last
        if interest.namespace and last["metadata"].get("namespace") != interest.namespace:
            return
        before = change.old is not None and interest.matches(change.old)
        after = change.new is not None and interest.matches(change.new)
        if after:
            self._show("MODIFIED" if before else "ADDED", last)
        elif before and change.old is not None:
            metadata = {**last["metadata"], "resourceVersion": str(change.resource_version)}
            self._show("DELETED", {**change.old, "metadata": metadata})

    def _show(self, verb: str, document: Json) -> None:
        self._emit(verb, self._interest.render(document, not self._sent))
        self._sent = True

    def _emit(self, verb: str, document: Json) -> None:
        event = {"type": verb, "object": document}
        self._chunks.append(json.dumps(event, separators=(",", ":")).encode() + b"\n")

    def take(self) -> list[bytes]:
        """Events since the last call, one chunk each."""
        taken, self._chunks = self._chunks, []
        return taken

    @property
    def finished(self) -> bool:
        """Closed, refused or timed out, and everything taken."""
        if self._chunks:
            return False
        due = self.deadline_ms is not None and self._store.kernel.now_ms >= self.deadline_ms
        return self._closed or due

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._unsubscribe()


class HeldAnswer:
    """The answer to ``kubectl drain`` asking whether an evicted pod is still there.

    kubectl sleeps between such questions by its own clock, holding no stream, so virtual time would stand still and
    the pod would never go. The answer is therefore held back until the pod has gone or its grace period is over.

    Args:
        store: to see the pod go.
        kind: of pods.
        document: the pod as it is now; it is what is answered.
    """

    status = 200
    content_type = "application/json"

    def __init__(self, store: Store, kind: Kind, document: Json) -> None:
        self._store = store
        self._kind = kind
        self._document = document
        self._answered = False
        gone_ms = parse_rfc3339(document["metadata"]["deletionTimestamp"])
        self.deadline_ms: int | None = max(gone_ms, store.kernel.now_ms) + 1_000

    def _due(self) -> bool:
        metadata = self._document["metadata"]
        present = self._store.find(self._kind, metadata.get("namespace", ""), metadata["name"])
        if present is None or present["metadata"]["uid"] != metadata["uid"]:
            return True
        return self.deadline_ms is not None and self._store.kernel.now_ms >= self.deadline_ms

    def take(self) -> list[bytes]:
        """The whole answer, once, when it is due."""
        if self._answered or not self._due():
            return []
        self._answered = True
        return [json.dumps(self._document, separators=(",", ":")).encode()]

    @property
    def finished(self) -> bool:
        """Whether the answer was taken."""
        return self._answered

    def close(self) -> None:
        """Nothing to let go of."""
        self._answered = True
