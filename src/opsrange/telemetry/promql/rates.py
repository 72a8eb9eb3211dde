"""rate, increase, delta and what else looks at how a series moves over a range.

The extrapolation is Prometheus': the change between the first and last sample is stretched to the range's edges unless
they are further away than 1.1 average sample distances, and never below a counter's zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from opsrange.telemetry.promql.selectors import Range
from opsrange.telemetry.promql.values import Moment, RangeNode, Vector, Window, Windows, unique


@dataclass(frozen=True, slots=True)
class Stretch:
    """How far samples at given instants are extrapolated."""

    sampled_s: float
    to_start_s: float
    to_end_s: float
    mean_gap_s: float

    @classmethod
    def of(cls, first_ms: int, last_ms: int, count: int, start_ms: int, end_ms: int) -> Stretch:
        """For ``count`` samples from ``first_ms`` to ``last_ms`` in a range."""
        sampled_s = (last_ms - first_ms) / 1000
        return cls(
            sampled_s,
            (first_ms - start_ms) / 1000,
            (end_ms - last_ms) / 1000,
            sampled_s / (count - 1),
        )

    def factor(self, to_zero_s: float) -> float:
        """What the sampled change is multiplied with, given the time since a counter was zero."""
        to_start_s = min(self.to_start_s, to_zero_s)
        threshold_s = self.mean_gap_s * 1.1
        whole_s = self.sampled_s
        whole_s += to_start_s if to_start_s < threshold_s else self.mean_gap_s / 2
        whole_s += self.to_end_s if self.to_end_s < threshold_s else self.mean_gap_s / 2
        return whole_s / self.sampled_s


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """``rate`` (counter, per second), ``increase`` (counter) and ``delta`` (neither)."""

    counter: bool
    per_second: bool

    def over(self, node: RangeNode, moment: Moment) -> Vector:
        """The function's value for each series with two samples or more."""
        if isinstance(node, Range):
            return self._from_rows(node, moment)
        windows = node.windows(moment)
        found = Vector([], [])
        for labels, window in zip(windows.labels, windows.windows, strict=True):
            self._add(found, labels, window, windows)
        return unique(found)

    def _add(
        self, found: Vector, labels: tuple[tuple[str, str], ...], window: Window, within: Windows
    ) -> None:
        times, values = window.times, window.values
        if len(values) < 2:
            return
        change = values[-1] - values[0]
        if self.counter:
            change += sum(a for a, b in pairwise(values) if b < a)
        stretch = Stretch.of(times[0], times[-1], len(times), within.start_ms, within.end_ms)
        factor = stretch.factor(self._to_zero_s(stretch, change, values[0]))
        if self.per_second:
            factor /= (within.end_ms - within.start_ms) / 1000
        found.labels.append(labels)
        found.values.append(change * factor)

    def _to_zero_s(self, stretch: Stretch, change: float, first: float) -> float:
        if self.counter and change > 0 and first >= 0:
            return stretch.sampled_s * (first / change)
        return float("inf")

    def _from_rows(self, node: Range, moment: Moment) -> Vector:
        """Straight from the store: an unbroken series needs its first and last sample only."""
        store = moment.store
        end_ms = node.selector.shift.apply(moment)
        start_ms = end_ms - node.range_ms
        rows = first, last = store.span(start_ms, end_ms)
        if last - first < 2:
            return Vector([], [])
        within = Windows(start_ms, end_ms, [], [], [])
        head, tail, width = store.rows[first], store.rows[last - 1], len(store.rows[first])
        stretch = Stretch.of(
            store.times[first], store.times[last - 1], last - first, start_ms, end_ms
        )
        seconds = node.range_ms / 1000 if self.per_second else 1.0
        usual = stretch.factor(float("inf")) / seconds
        near_zero = stretch.to_start_s / stretch.sampled_s if self.counter else 0.0
        broken, unbroken_since = store.broken, store.base + first
        selection = node.selector.selection(store)
        moment.meter.spend(len(selection.columns))
        found = Vector([], [])
        add_label, add_value = found.labels.append, found.values.append
        for column, labels in zip(selection.columns, selection.nameless, strict=True):
            if broken[column] <= unbroken_since and column < width and head[column] == head[column]:
                start = head[column]
                change = tail[column] - start
                add_label(labels)
                if start < change * near_zero and start >= 0:
                    add_value(
                        change * (stretch.factor(stretch.sampled_s * (start / change)) / seconds)
                    )
                else:
                    add_value(change * usual)
                continue
            moment.meter.spend(last - first)
            samples = store.samples(column, rows)
            window = Window([t for t, _ in samples], [v for _, v in samples])
            self._add(found, labels, window, within)
        if len(found) == len(selection.columns):
            found = Vector(selection.nameless, found.values)
        return found if node.selector.names_one_metric else unique(found)


def _last_two(window: Window) -> tuple[float, float, float] | None:
    if len(window.values) < 2:
        return None
    return window.values[-2], window.values[-1], (window.times[-1] - window.times[-2]) / 1000


def irate(window: Window) -> float | None:
    """The per-second change between the last two samples; a decrease is a reset to zero."""
    two = _last_two(window)
    if two is None or two[2] == 0:
        return None
    before, after, gap_s = two
    return (after if after < before else after - before) / gap_s


def idelta(window: Window) -> float | None:
    """The change between the last two samples."""
    two = _last_two(window)
    return None if two is None else two[1] - two[0]


def changes(window: Window) -> float:
    """How often the value changed; NaN after NaN is no change."""
    return float(
        sum(
            1
            for a, b in pairwise(window.values)
            if a != b and not (math.isnan(a) and math.isnan(b))
        )
    )


def resets(window: Window) -> float:
    """How often the value decreased."""
    return float(sum(1 for a, b in pairwise(window.values) if b < a))


def regression(window: Window, intercept_ms: int) -> tuple[float, float] | None:
    """Least-squares (slope per second, value at ``intercept_ms``); none for fewer than two samples."""
    count = len(window.values)
    if count < 2:
        return None
    first = window.values[0]
    if all(value == first for value in window.values):
        if first in (float("inf"), float("-inf")):
            return float("nan"), float("nan")
        return 0.0, first
    xs = [(instant - intercept_ms) / 1000 for instant in window.times]
    sum_x, sum_y = sum(xs), sum(window.values)
    covariance = sum(x * y for x, y in zip(xs, window.values, strict=True)) - sum_x * sum_y / count
    variance = sum(x * x for x in xs) - sum_x * sum_x / count
    slope = covariance / variance
    return slope, sum_y / count - slope * sum_x / count


def deriv(window: Window) -> float | None:
    """The slope of a least-squares line, per second."""
    line = regression(window, window.times[0])
    return None if line is None else line[0]


EXTRAPOLATIONS = {
    "rate": Extrapolation(counter=True, per_second=True),
    "increase": Extrapolation(counter=True, per_second=False),
    "delta": Extrapolation(counter=False, per_second=False),
}

MOVEMENTS: dict[str, Callable[[Window], float | None]] = {
    "irate": irate,
    "idelta": idelta,
    "changes": changes,
    "resets": resets,
    "deriv": deriv,
}
