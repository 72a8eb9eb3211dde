"""Silences, as Alertmanager keeps them. Every change is journalled for whoever made it.

Belongs here: silences and their life. Does not: Alertmanager's JSON (``api.alertmanager``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opsrange.telemetry.metrics import Matcher
from opsrange.types import rfc3339
from opsrange.world import Kernel

TOPIC = "alert.silence"


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes the alerts that all matchers match, for a time."""

    id: str
    matchers: Sequence[Matcher]
    starts_ms: int
    ends_ms: int
    created_by: str
    comment: str
    updated_ms: int
    actor: str
    """Who made it, by the kernel's word and not by what the request claims."""

    def state(self, now_ms: int) -> str:
        """``pending``, ``active`` or ``expired``."""
        if now_ms >= self.ends_ms:
            return "expired"
        return "active" if now_ms >= self.starts_ms else "pending"

    def mutes(self, labels: Mapping[str, str], now_ms: int) -> bool:
        """Whether it silences an alert at an instant."""
        return self.state(now_ms) == "active" and all(
            matcher.accepts(labels.get(matcher.name, "")) for matcher in self.matchers
        )


class SilenceBook:
    """All silences of a world, expired ones included, in order of creation."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._silences: dict[str, Silence] = {}

    def __iter__(self) -> Iterator[Silence]:
        return iter(list(self._silences.values()))

    def __len__(self) -> int:
        return len(self._silences)

    def get(self, silence_id: str) -> Silence | None:
        """A silence by id."""
        return self._silences.get(silence_id)

    def muting(self, labels: Mapping[str, str]) -> list[Silence]:
        """The silences that mute an alert now."""
        now_ms = self._kernel.now_ms
        return [silence for silence in self._silences.values() if silence.mutes(labels, now_ms)]

    def put(self, wanted: Silence) -> Silence:
        """Create a silence, or change the one with ``wanted.id``.

        One that has expired, or whose matchers change, is expired and replaced under a new id, as in Alertmanager.

        Returns:
            The silence as kept.
        """
        now_ms = self._kernel.now_ms
        before = self._silences.get(wanted.id)
        extends = (
            before is not None
            and before.state(now_ms) != "expired"
            and list(before.matchers) == list(wanted.matchers)
        )
        if not extends:
            if before is not None:
                self.expire(before.id)
            number = self._kernel.streams.stream("telemetry.silences").getrandbits(128)
            wanted = replace(wanted, id=str(uuid.UUID(int=number, version=4)))
            wanted = replace(wanted, starts_ms=max(wanted.starts_ms, now_ms))
        kept = replace(wanted, updated_ms=now_ms, actor=self._kernel.actor)
        self._silences[kept.id] = kept
        self._record("update" if extends else "create", kept)
        return kept

    def expire(self, silence_id: str) -> bool:
        """End a silence now. False when there is none with that id."""
        silence = self._silences.get(silence_id)
        if silence is None:
            return False
        now_ms = self._kernel.now_ms
        if silence.state(now_ms) != "expired":
            ended = replace(silence, ends_ms=now_ms, updated_ms=now_ms)
            ended = replace(ended, starts_ms=min(silence.starts_ms, now_ms))
            self._silences[silence_id] = ended
            self._record("expire", ended)
        return True

    def _record(self, verb: str, silence: Silence) -> None:
        self._kernel.record(
            TOPIC,
            {
                "verb": verb,
                "id": silence.id,
                "matchers": [f"{m.name}{m.op}{m.value}" for m in silence.matchers],
                "starts": rfc3339(silence.starts_ms),
                "ends": rfc3339(silence.ends_ms),
                "created_by": silence.created_by,
                "comment": silence.comment,
            },
        )
