"""Words shared by every room: instants, durations, entity names, severities.

Belongs here: small immutable values with no behaviour of any one room.
Does not: Kubernetes quantities (``kube``), wire messages (``wire``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from opsrange.errors import OperatorError

Json = dict[str, Any]
"""A JSON object."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": 24 * HOUR_MS}


class Severity(IntEnum):
    """How bad a side effect is; ordered."""

    NONE = 0
    MINOR = 1
    MAJOR = 2
    CATASTROPHIC = 3


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """An object of the estate by the name people use for it: ``namespace/Kind/name``.

    Cluster-scoped objects have the namespace ``cluster``, after ITBench-AA's naming rule.
    """

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Entity:
        """Read ``namespace/Kind/name``.

        Raises:
            OperatorError: when ``text`` has another shape.
        """
        parts = text.strip().split("/")
        if len(parts) != 3 or not all(parts):
            raise OperatorError(f"asked for entity {text!r}; expected namespace/Kind/name")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a container wrote."""

    instant_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """One span of a trace, after OpenTelemetry's data model."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str
    """Empty for a root span."""
    service: str
    name: str
    kind: str
    """``client``, ``server``, ``internal``, ``producer`` or ``consumer``."""
    start_us: int
    duration_us: int
    error: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    pod: str = ""


def rfc3339(instant_ms: int) -> str:
    """An instant (milliseconds since the Unix epoch) as Kubernetes prints it, to the second, in UTC."""
    return datetime.fromtimestamp(instant_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(instant_ms: int) -> str:
    """An instant with six decimals, as Kubernetes' MicroTime prints it."""
    seconds, millis = divmod(instant_ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{millis:03d}000Z"


_FIRST_MS = -62_135_596_800_000
_LAST_MS = 253_402_300_799_999
"""The calendar's first and last instant in UTC."""


def parse_rfc3339(text: str) -> int:
    """An RFC 3339 timestamp as milliseconds since the Unix epoch; fractions below 1 ms are dropped.

    Raises:
        ValueError: when ``text`` is not a timestamp.
    """
    trimmed = re.sub(r"(\.\d{1,6})\d*", r"\1", text)
    stamp = datetime.fromisoformat(trimmed)
    if stamp.tzinfo is None:
        raise ValueError(f"timestamp {text!r} has no zone")
    whole = stamp.replace(microsecond=0)
    instant_ms = int(whole.timestamp()) * 1000 + stamp.microsecond // 1000
    if not _FIRST_MS <= instant_ms <= _LAST_MS:  # in its own zone it was within the calendar
        raise ValueError(f"timestamp {text!r} is outside the years 1 to 9999 in UTC")
    return instant_ms


def parse_duration_ms(text: str) -> int:
    """A duration such as ``90s``, ``5m`` or ``1h30m`` in milliseconds.

    Raises:
        OperatorError: when ``text`` is not such a duration.
    """
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise OperatorError(f"asked for duration {text!r}; expected e.g. 90s, 5m, 1h30m")
    return round(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))


def in_short(names: Sequence[str], shown_max: int = 3) -> str:
    """The first names of a list, and how many more there are."""
    rest = len(names) - shown_max
    return ", ".join(names[:shown_max]) + (f" and {rest} more" if rest > 0 else "")
