"""The event recorder: what client-go's correlator does before an event reaches the API server.

The same event again raises its count. More than ten different messages for one reason within ten minutes are combined.
More than 25 events of one source about one object are dropped until the bucket refills, one each five minutes. The API
server forgets an event an hour after it was last written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from opsrange.kube.store import Store
from opsrange.kube.view import kind_by_name
from opsrange.types import HOUR_MS, MINUTE_MS, Json, rfc3339
from opsrange.world.kernel import Kernel

_TTL_MS = HOUR_MS
_COMBINE_AFTER, _COMBINE_WINDOW_MS = 10, 10 * MINUTE_MS
_BURST, _REFILL_MS = 25, 5 * MINUTE_MS
_COMBINED = "(combined from similar events): "


@dataclass(slots=True)
class _Series:
    """Different messages of one source, object, type and reason."""

    last_ms: int
    messages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_ms: int


class Recorder:
    """Writes events into a store."""

    def __init__(self, kernel: Kernel, store: Store) -> None:
        self._kernel = kernel
        self._store = store
        self._stored: dict[tuple[str, ...], tuple[str, str, int]] = {}
        self._series: dict[tuple[str, ...], _Series] = {}
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self._named_ns = 0
        self._sweep_pending = False

    def emit(
        self, about: Json, kind: str, reason: str, message: str, *, source: Json, part: str = ""
    ) -> None:
        """Record one occurrence.

        Args:
            about: the object concerned.
            kind: ``Normal`` or ``Warning``.
            reason: one CamelCase word.
            message: for people.
            source: ``component`` and perhaps ``host``.
            part: field path within the object, e.g. ``spec.containers{web}``.
        """
        metadata = about["metadata"]
        object_key = (
            source["component"],
            source.get("host", ""),
            metadata.get("uid", ""),
            about["kind"],
            metadata["name"],
        )
        if not self._within_budget(object_key):
            return
        key = (*object_key, part, kind, reason)
        message = self._combined(key, message)
        exact = key if message.startswith(_COMBINED) else (*key, message)
        stored = self._stored.get(exact)
        if stored is not None:
            old = self._store.find(kind_by_name()["Event"], stored[0], stored[1])
            if old is not None:
                self._count(exact, old, message)
                return
        self._create(exact, _event(about, (kind, reason, message), source, part))

    def _within_budget(self, key: tuple[str, ...]) -> bool:
        now_ms = self._kernel.now_ms
        bucket = self._buckets.setdefault(key, _Bucket(_BURST, now_ms))
        refilled = bucket.tokens + (now_ms - bucket.filled_ms) / _REFILL_MS
        bucket.tokens, bucket.filled_ms = min(_BURST, refilled), now_ms
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combined(self, key: tuple[str, ...], message: str) -> str:
        now_ms = self._kernel.now_ms
        series = self._series.get(key)
        if series is None or now_ms - series.last_ms > _COMBINE_WINDOW_MS:
            series = self._series[key] = _Series(now_ms)
        series.last_ms = now_ms
        series.messages.add(message)
        return _COMBINED + message if len(series.messages) >= _COMBINE_AFTER else message

    def _count(self, key: tuple[str, ...], old: Json, message: str) -> None:
        now_ms = self._kernel.now_ms
        fresh = {
            **old,
            "count": old["count"] + 1,
            "lastTimestamp": rfc3339(now_ms),
            "message": message,
        }
        self._store.update(kind_by_name()["Event"], fresh)
        self._stored[key] = (*self._stored[key][:2], now_ms)

    def _create(self, key: tuple[str, ...], event: Json) -> None:
        now_ms = self._kernel.now_ms
        # later events have later names: lists and descriptions show them in that order
        step_ns = 104_729 + self._named_ns % 99_991
        self._named_ns = max(now_ms * 1_000_000, self._named_ns) + step_ns
        event["metadata"]["name"] += f".{self._named_ns:x}"
        event["firstTimestamp"] = event["lastTimestamp"] = rfc3339(now_ms)
        created = self._store.create(kind_by_name()["Event"], event)
        metadata = created["metadata"]
        self._stored[key] = (metadata["namespace"], metadata["name"], now_ms)
        if not self._sweep_pending:
            self._sweep_pending = True
            self._kernel.after(_TTL_MS, self._sweep, priority=9)

    def _sweep(self) -> None:
        self.forget_old()
        self._sweep_pending = bool(self._stored)
        if self._stored:
            next_ms = min(last_ms for _, _, last_ms in self._stored.values()) + _TTL_MS
            self._kernel.at(next_ms, self._sweep, priority=9)

    def forget_old(self) -> None:
        """Forget what is older than an hour, and what was remembered to combine it."""
        now_ms, kind = self._kernel.now_ms, kind_by_name()["Event"]
        for key, (namespace, name, last_ms) in list(self._stored.items()):
            if last_ms + _TTL_MS > now_ms:
                continue
            del self._stored[key]
            if self._store.find(kind, namespace, name) is not None:
                with self._kernel.acting("kube-apiserver"):
                    self._store.delete(kind, namespace, name)
        horizon_ms = now_ms - _TTL_MS
        self._series = {k: s for k, s in self._series.items() if s.last_ms > horizon_ms}
        refilled_ms = now_ms - _BURST * _REFILL_MS
        self._buckets = {k: b for k, b in self._buckets.items() if b.filled_ms > refilled_ms}


def _event(about: Json, what: tuple[str, str, str], source: Json, part: str) -> Json:
    metadata = about["metadata"]
    involved: Json = {
        "kind": about["kind"],
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
        "apiVersion": about["apiVersion"],
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
    namespace = metadata.get("namespace", "")
    if namespace:
        involved["namespace"] = namespace
    if part:
        involved["fieldPath"] = part
    kind, reason, message = what
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": metadata["name"], "namespace": namespace or "default"},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": source,
        "count": 1,
        "type": kind,
        "eventTime": None,
        "reportingComponent": source["component"],
        "reportingInstance": source.get("host", ""),
    }
