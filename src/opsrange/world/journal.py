"""The hashed record of everything that changed in a world.

Two worlds are the same if and only if their digests are. Entries chain: each hashes its predecessor's
digest, its own instant, its topic and its canonical JSON, so neither order nor content can differ unseen.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded change."""

    instant_ms: int
    topic: str
    """A dotted noun, e.g. ``kube.object`` or ``alert``."""
    actor: str
    """Who caused it: ``world`` or a controller's name, ``agent``, ``operator``."""
    data: Any


class Journal:
    """Append-only, chained with SHA-256."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.entries: list[Entry] = []

    @property
    def digest(self) -> str:
        """The hexadecimal digest of everything recorded so far."""
        return self._hash.hexdigest()

    def record(self, instant_ms: int, topic: str, actor: str, data: Any) -> None:
        """Append an entry and keep it for readers."""
        self.absorb(instant_ms, topic, actor, data)
        self.entries.append(Entry(instant_ms, topic, actor, data))

    def absorb(self, instant_ms: int, topic: str, actor: str, data: Any) -> None:
        """Hash an entry without keeping it: for high-volume changes whose content lives elsewhere."""
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        self._hash.update(f"{instant_ms}\x00{topic}\x00{actor}\x00{text}\n".encode())
