"""What expressions evaluate to, and how numbers are printed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from opsrange.telemetry.metrics import NAME, Labels, MetricStore


class PromqlError(Exception):
    """A query that cannot be answered; stays inside ``telemetry`` and becomes an HTTP answer.

    Args:
        kind: Prometheus' error type, ``bad_data`` or ``execution``.
        message: in Prometheus' words.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass(frozen=True, slots=True)
class Vector:
    """An instant vector, as two parallel lists that nobody changes once they are here."""

    labels: list[Labels]
    values: list[float]

    def __iter__(self) -> Iterator[tuple[Labels, float]]:
        return zip(self.labels, self.values, strict=True)

    def __len__(self) -> int:
        return len(self.values)


Value = Vector | float | str


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of one series in a range, oldest first; at least one."""

    times: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Windows:
    """A range vector: the range it covers and one window per series with samples in it."""

    start_ms: int
    end_ms: int
    labels: list[Labels]
    """Without the metric name, as most functions answer."""
    named: list[Labels]
    windows: list[Window]


SAMPLES_MAX = 5_000_000
"""What one query may look at; some seconds' work. Prometheus has its own ``--query.max-samples``."""
INSTANT_SAMPLES = 10
"""What evaluating anything at one instant counts for."""
ANSWERED_SAMPLES = 10
"""What a sample of the answer counts for: writing it down costs that much more than looking at it."""


class Meter:
    """Counts what one query costs, so that none can occupy the world for long."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = SAMPLES_MAX

    def spend(self, samples: int) -> None:
        """Count samples, or instants at which something is evaluated.

        Raises:
            PromqlError: when the query has spent more than it may.
        """
        self._left -= samples
        if self._left < 0:
            raise PromqlError(
                "execution",
                "query processing would load too many samples into memory in query execution",
            )


@dataclass(frozen=True, slots=True)
class Moment:
    """Where and when an expression is evaluated."""

    store: MetricStore
    now_ms: int
    start_ms: int
    """What ``@ start()`` means."""
    end_ms: int
    meter: Meter
    """The query's."""


class Node(Protocol):
    """A compiled expression."""

    def evaluate(self, moment: Moment) -> Value:
        """The value at a moment.

        Raises:
            PromqlError: when the expression has none.
        """
        ...


class RangeNode(Protocol):
    """A compiled expression of range-vector type."""

    def windows(self, moment: Moment) -> Windows:
        """The samples in the range that ends at the moment."""
        ...


def without_name(labels: Labels) -> Labels:
    """A label set without the metric name."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def unique(vector: Vector) -> Vector:
    """The vector, once it is sure that no label set appears twice.

    Raises:
        PromqlError: when one does.
    """
    if len(set(vector.labels)) != len(vector.labels):
        raise PromqlError("execution", "vector cannot contain metrics with the same labelset")
    return vector


def nameless(vector: Vector, values: list[float]) -> Vector:
    """New values under the same labels without the name."""
    return unique(Vector([without_name(labels) for labels in vector.labels], values))


def number_text(value: float) -> str:
    """A number as Go's ``strconv.FormatFloat(v, 'f', -1, 64)`` writes it: shortest digits, never an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e15:
        return "-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")
