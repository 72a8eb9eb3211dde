"""Named random streams: a draw in one place never shifts a draw in another."""

from __future__ import annotations

import hashlib
import random


class Streams:
    """Random generators derived from (seed, name) by SHA-256, created on first use.

    Args:
        seed: any text; the same text gives the same streams in every process and on every machine.
    """

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The stream called ``name``; the same object on every call."""
        found = self._streams.get(name)
        if found is None:
            digest = hashlib.sha256(f"{self.seed}\x00{name}".encode()).digest()
            found = self._streams[name] = random.Random(int.from_bytes(digest))
        return found
