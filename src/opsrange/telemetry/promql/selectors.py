"""Selectors: finding series, and the samples of theirs that count at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from opsrange.telemetry.metrics import NAME, Labels, Matcher, MetricStore, is_sample, is_stale
from opsrange.telemetry.promql.values import (
    INSTANT_SAMPLES,
    Moment,
    Node,
    Value,
    Vector,
    Window,
    Windows,
    unique,
    without_name,
)
from opsrange.types import MINUTE_MS

LOOKBACK_MS = 5 * MINUTE_MS
"""How old a sample may be to count as present; Prometheus' default."""

SUBQUERY_STEP_MS = MINUTE_MS
"""The step of a subquery without one: the global evaluation interval's default."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The ``offset`` and ``@`` modifiers."""

    offset_ms: int = 0
    at: int | str | None = None
    """An instant in milliseconds, ``start`` or ``end``."""

    def apply(self, moment: Moment) -> int:
        """The instant that is looked at."""
        if self.at is None:
            base = moment.now_ms
        elif self.at == "start":
            base = moment.start_ms
        elif self.at == "end":
            base = moment.end_ms
        else:
            base = int(self.at)
        return base - self.offset_ms


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns a selector found, with their labels; replaced, never changed, when series are added."""

    columns: list[int]
    labels: list[Labels]
    nameless: list[Labels]


@dataclass(slots=True)
class Selector:
    """An instant-vector selector. Remembers its series; only those added since are matched anew."""

    alternatives: Sequence[Sequence[Matcher]]
    """Matchers that must all hold; several lists are joined by ``or``."""
    shift: Shift
    _selection: Selection = field(default_factory=lambda: Selection([], [], []))
    _known: int = 0

    def selection(self, store: MetricStore) -> Selection:
        """The series that match, in the order of their first appearance."""
        if self._known == len(store.series):
            return self._selection
        found: dict[int, None] = {}
        for matchers in self.alternatives:
            found |= dict.fromkeys(store.select(matchers, after=self._known - 1))
        self._known = len(store.series)
        if found:
            old, columns = self._selection, sorted(found)
            labels = [store.series[column] for column in columns]
            bare = old.nameless + [without_name(pairs) for pairs in labels]
            self._selection = Selection(old.columns + columns, old.labels + labels, bare)
        return self._selection

    @property
    def names_one_metric(self) -> bool:
        """Whether dropping the name can make no two series equal."""
        return len(self.alternatives) == 1 and any(
            m.name == NAME and m.op == "=" for m in self.alternatives[0]
        )

    def evaluate(self, moment: Moment) -> Vector:
        """The latest sample of each series within the lookback that has not gone stale."""
        store = moment.store
        selection = self.selection(store)
        now_ms = self.shift.apply(moment)
        first, last = store.span(now_ms - LOOKBACK_MS, now_ms)
        columns = selection.columns
        moment.meter.spend(len(columns))
        if first >= last or not columns:
            return Vector([], [])
        row = store.rows[last - 1]
        if columns[-1] < len(row):
            values = [row[column] for column in columns]
            total = sum(values)
            if total == total:  # noqa: PLR0124 - no NaN, so no marker either
                return Vector(selection.labels, values)
        found = self.stamped(moment)
        return Vector([labels for labels, _, _ in found], [value for _, _, value in found])

    def stamped(self, moment: Moment) -> list[tuple[Labels, int, float]]:
        """The same with the instant of each sample."""
        store = moment.store
        now_ms = self.shift.apply(moment)
        first, last = store.span(now_ms - LOOKBACK_MS, now_ms)
        found: list[tuple[Labels, int, float]] = []
        selection = self.selection(store)
        looked_at = 0
        for column, labels in zip(selection.columns, selection.labels, strict=True):
            for number in range(last - 1, first - 1, -1):
                looked_at += 1
                row = store.rows[number]
                if column >= len(row) or is_stale(row[column]):
                    break
                if is_sample(row[column]):
                    found.append((labels, store.times[number], row[column]))
                    break
        moment.meter.spend(looked_at)
        return found


@dataclass(slots=True)
class Range:
    """A range-vector selector, closed at both ends as in Prometheus 2."""

    selector: Selector
    range_ms: int

    def windows(self, moment: Moment) -> Windows:
        """The samples of each series in the range."""
        store = moment.store
        end_ms = self.selector.shift.apply(moment)
        start_ms = end_ms - self.range_ms
        rows = first, last = store.span(start_ms, end_ms)
        found = Windows(start_ms, end_ms, [], [], [])
        if first >= last:
            return found
        kept, times = store.rows[first:last], store.times[first:last]
        selection = self.selector.selection(store)
        moment.meter.spend(len(selection.columns) * (last - first))
        for column, labels, named in zip(
            selection.columns, selection.nameless, selection.labels, strict=True
        ):
            if column < len(kept[0]):
                values = [row[column] for row in kept]
                total = sum(values)
                if total == total:  # noqa: PLR0124 - NaN test in a hot path
                    found.labels.append(labels)
                    found.named.append(named)
                    found.windows.append(Window(times, values))
                    continue
            samples = store.samples(column, rows)
            if samples:
                found.labels.append(labels)
                found.named.append(named)
                found.windows.append(Window([t for t, _ in samples], [v for _, v in samples]))
        if not self.selector.names_one_metric:
            unique(Vector(found.labels, [0.0] * len(found.labels)))
        return found


@dataclass(slots=True)
class Subquery:
    """An expression evaluated at aligned steps over a range."""

    expression: Node
    range_ms: int
    step_ms: int
    shift: Shift

    def windows(self, moment: Moment) -> Windows:
        """One window per label set that appeared at some step."""
        end_ms = self.shift.apply(moment)
        start_ms = end_ms - self.range_ms
        step_ms = self.step_ms or SUBQUERY_STEP_MS
        first_ms = -(-start_ms // step_ms) * step_ms
        found: dict[Labels, tuple[list[int], list[float]]] = {}
        for instant_ms in range(first_ms, end_ms + 1, step_ms):
            moment.meter.spend(INSTANT_SAMPLES)
            at = replace(moment, now_ms=instant_ms)
            for labels, value in _elements(self.expression.evaluate(at)):
                times, values = found.setdefault(labels, ([], []))
                times.append(instant_ms)
                values.append(value)
        return Windows(
            start_ms,
            end_ms,
            [without_name(labels) for labels in found],
            list(found),
            [Window(times, values) for times, values in found.values()],
        )


def _elements(value: Value) -> Vector:
    if isinstance(value, Vector):
        return value
    return Vector([()], [float(value)])
