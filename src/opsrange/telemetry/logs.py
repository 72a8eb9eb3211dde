"""Container logs, bounded per container instance.

Belongs here: lines and their order. Does not: the Kubernetes logs endpoint (``kube``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from opsrange.types import LogLine

LINES_PER_INSTANCE = 5_000
INSTANCES = 1_024
"""Container instances kept; the one that first wrote longest ago is dropped first."""


class LogStore:
    """Lines by pod uid, container and restart count. Satisfies ``kube.runtime.LogSource``."""

    def __init__(self, lines_per_instance: int = LINES_PER_INSTANCE) -> None:
        self._limit = lines_per_instance
        self._lines: dict[tuple[str, str, int], deque[tuple[int, str]]] = {}

    def append(
        self, pod_uid: str, container: str, restart: int, instant_ms: int, text: str
    ) -> None:
        """Add one line; the oldest of the instance makes room when it is full."""
        key = (pod_uid, container, restart)
        lines = self._lines.get(key)
        if lines is None:
            if len(self._lines) >= INSTANCES:
                del self._lines[next(iter(self._lines))]
            lines = self._lines[key] = deque(maxlen=self._limit)
        lines.append((instant_ms, text))

    def lines(self, pod_uid: str, container: str, restart: int) -> Sequence[LogLine]:
        """Everything kept of one instance of a container, oldest first; empty when there is none."""
        lines = self._lines.get((pod_uid, container, restart), ())
        return [LogLine(*line) for line in sorted(lines, key=_instant)]


def _instant(line: tuple[int, str]) -> int:
    return line[0]
