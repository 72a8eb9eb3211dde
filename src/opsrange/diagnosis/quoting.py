"""Numbers, units and quotes in what an agent writes, against what it was shown.

Belongs here: reading claims. Does not: rules about them (``classes``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from opsrange.diagnosis.reading import plain

_QUANTITY = re.compile(
    r"(?<![\w.-])(\d+(?:\.\d+)?)\s?(ms|milliseconds?|s|secs?|seconds?|min(?:ute)?s?|m|h|hours?|[KMGT]i?B?|[kmg]b|bytes?|%|percent)(?![\w])"
)
_UNITS = {
    "milliseconds": "ms", "millisecond": "ms", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "min", "mins": "min", "minute": "min", "minutes": "min", "hour": "h", "hours": "h",
    "percent": "%", "byte": "B", "bytes": "B",
}  # fmt: skip
_DIMENSIONS = {
    "ms": "time", "s": "time", "min": "time", "h": "time", "m": "m",
    "Ki": "size", "Mi": "size", "Gi": "size", "Ti": "size", "K": "size", "M": "size", "G": "size", "T": "size", "B": "size",
    "%": "share",
}  # fmt: skip
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?!\d)")
STATE = re.compile(
    r"\b(NotReady|Ready|Running|Pending|Succeeded|Failed|CrashLoopBackOff|ImagePullBackOff|ErrImagePull"
    r"|OOMKilled|Terminating|Evicted|Completed|Unknown|ContainerCreating)\b"
)
"""A state of a node or pod as kubectl writes it."""
READY = re.compile(r"(?<![\w/])(\d+)/\d+(?![\w/])")
"""The column of ready parts."""
_CLAIMED_STATE = re.compile(
    rf"(?<![\w-])([a-z0-9][a-z0-9.-]*[a-z0-9]) (?:is|are|stays?|remains?)(?: (?!not\b)\w+){{0,3}}? {STATE.pattern}"
)
_UNCERTAIN = re.compile(
    r"(?i)\b(no|none|not|never|until|once|if|when|unless|before|to|of|on|in|from|for|by|with|whether)( \w+)? $"
)
"""What stands before a name that is not said to be in a state, or is no subject."""
_SPAN = re.compile(
    r"(?i)\b(over|for|after|within|in|last|past|every|about|next|previous|first|than|some)( the)?( last| past)? $"
)
"""What stands before a time that is a while and no measurement."""
_LATER = re.compile(r"(?i)^\s*(ago|later|after|before|old|windows?|intervals?|rate)\b")
_CLAIMED_READY = (
    re.compile(
        r"\b(\d+|no|none) (?:of|out of) (?:the |its |\d+ )*(?:replicas|pods)(?: of ([a-z0-9][a-z0-9-]*[a-z0-9]))? (?:is|are) ready"
    ),
    re.compile(r"\b(\d+|no) ready (?:replicas|pods) of ([a-z0-9][a-z0-9-]*[a-z0-9])"),
    re.compile(r"\b(\d+|no) (?:replicas|pods) of ([a-z0-9][a-z0-9-]*[a-z0-9]) (?:is|are) ready"),
)
_METRIC_UNIT = re.compile(r"_(milliseconds|seconds|bytes|percent)(?![a-z])")
_NO_NAMES = frozenset(
    {"pod", "pods", "node", "it", "and", "which", "service", "deployment", "container"}
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit."""

    number: str
    unit: str
    written: str

    @property
    def dimension(self) -> str:
        """``time``, ``size``, ``share``; ``m`` alone may be minutes or thousandths."""
        return _DIMENSIONS.get(self.unit, "")


def quantities(text: str) -> list[Quantity]:
    """Every number with a unit."""
    found = []
    for match in _QUANTITY.finditer(text):
        unit = _UNITS.get(match[2], match[2])
        unit = unit.removesuffix("B") if len(unit) > 1 else unit
        unit = unit.upper() if unit in {"k", "g"} else unit
        found.append(Quantity(match[1], unit, match.group()))
    return found


def metric_units(command: str) -> list[str]:
    """The units that the names of metrics in a query end with, as the Prometheus naming practice has it."""
    return [_UNITS.get(found, found) for found in _METRIC_UNIT.findall(command)]


def states_claimed(text: str) -> list[tuple[str, str]]:
    """Every statement that something is in a state: its name, and the state as kubectl writes it."""
    return [
        (found[1], found[2])
        for found in _CLAIMED_STATE.finditer(text)
        if found[1] not in _NO_NAMES and not _UNCERTAIN.search(text[: found.start()])
    ]


def replicas_claimed(text: str) -> list[tuple[str, int]]:
    """Every statement of how many replicas of something are ready: its name and the number."""
    return [
        (found[2], 0 if found[1] in {"no", "none"} else int(found[1]))
        for pattern in _CLAIMED_READY
        for found in pattern.finditer(text)
        if found[2]
    ]


def clock_times(text: str) -> list[tuple[int, int, str]]:
    """Every time of day as hour, minute and how it was written."""
    return [(int(match[1]), int(match[2]), match.group()) for match in _CLOCK.finditer(text)]


def without_numbers(text: str) -> str:
    """A text in which every number with its unit is the same sign."""
    return re.sub(r"\d+(?:\.\d+)?(?:ms|[a-z]{1,2}\b|%)?", "#", plain(text))


def measurements(text: str) -> list[Quantity]:
    """Every number with a unit but whiles: *10 minutes ago*, *over 5 minutes*."""
    return [
        each
        for each in quantities(text)
        if each.dimension not in {"time", "m"} or not _is_while(text, each.written)
    ]


def _is_while(text: str, written: str) -> bool:
    before, _, after = text.partition(written)
    return bool(_SPAN.search(before) or _LATER.search(after))


def alike(one: str, other: str) -> bool:
    """Whether two units are written for the same: *m* for minutes, *MB* for *Mi*."""
    if {one, other} == {"m", "min"}:
        return True
    sizes = {_DIMENSIONS.get(one), _DIMENSIONS.get(other)} == {"size"}
    return one == other or (sizes and one[0] == other[0])


def same_dimension(one: str, other: str) -> bool:
    """Whether two units measure the same; ``m`` may be minutes, and is no metre here."""
    dimensions = {_DIMENSIONS.get(one, ""), _DIMENSIONS.get(other, "")}
    return "" not in dimensions and (len(dimensions) == 1 or dimensions == {"m", "time"})
