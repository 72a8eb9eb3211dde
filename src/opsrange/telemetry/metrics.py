"""Metric samples in memory: one row per scrape, one column per series.

Theory of operation: every series has a fixed column. Producers change ``current``, an array of doubles; a scrape is a
copy of it, which costs microseconds. Rows share the instants, so a window is a pair of row numbers for all series at
once. Two NaN payloads that arithmetic never produces mark what is missing: ``STALE`` is Prometheus' staleness marker
(the series ended here), ``GAP`` is no sample at all. ``broken`` remembers for each column the latest row that
was not a plain continuation (start, gap, or a decrease), so that a rate needs the ends of its window only.

Belongs here: samples and their index. Does not: query semantics (``promql``).
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from opsrange.telemetry.regex import Regex
from opsrange.types import HOUR_MS
from opsrange.world import Kernel

Labels = tuple[tuple[str, str], ...]
"""Name and value pairs sorted by name, ``__name__`` included."""

NAME = "__name__"

_STALE_BITS = struct.pack("<Q", 0x7FF0000000000002)  # prometheus: model/value/value.go, StaleNaN
_GAP_BITS = struct.pack("<Q", 0x7FF8000000000003)
GAP: float = struct.unpack("<d", _GAP_BITS)[0]
STALE_BITS_QUIET = 0x7FF8000000000002
"""Prometheus' marker is a signalling NaN; the quiet one survives every copy."""
STALE: float = struct.unpack("<d", struct.pack("<Q", STALE_BITS_QUIET))[0]

_ALWAYS_BROKEN = 1 << 62
STALE_AFTER_SCRAPES = 2
"""A gauge not set again within this many scrapes goes stale (``apps.ports.Sink``)."""


def is_stale(value: float) -> bool:
    """Whether a value read from a row is the staleness marker."""
    return value != value and _bits(value) == STALE_BITS_QUIET  # noqa: PLR0124 - NaN test in a hot path


def is_sample(value: float) -> bool:
    """Whether a value read from a row is a sample, NaN included, and not a marker."""
    return value == value or _bits(value) not in _MARKERS  # noqa: PLR0124 - NaN test in a hot path


def _bits(value: float) -> int:
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits


_MARKERS = (STALE_BITS_QUIET, 0x7FF8000000000003)


def labels_of(name: str, labels: Mapping[str, str]) -> Labels:
    """The canonical label set of a series. Empty values are absent labels, as in Prometheus."""
    pairs = [pair for pair in labels.items() if pair[1] != ""]
    pairs.append((NAME, name))
    return tuple(sorted(pairs))


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; ``op`` is ``=``, ``!=``, ``=~`` or ``!~``."""

    name: str
    op: str
    value: str
    pattern: Regex | None = field(default=None, compare=False)

    @classmethod
    def of(cls, name: str, op: str, value: str) -> Matcher:
        """Compile the pattern of a regular-expression matcher, anchored at both ends.

        Raises:
            RegexError: when ``value`` is not a regular expression.
        """
        return cls(name, op, value, Regex(value) if "~" in op else None)

    def accepts(self, value: str) -> bool:
        """Whether a label value (empty when the label is absent) matches."""
        if self.pattern is not None:
            return self.pattern.matches(value) == (self.op == "=~")
        return (value == self.value) == (self.op == "=")


class _Histogram:
    """The columns of one histogram, cumulated on arrival."""

    __slots__ = ("bounds", "columns", "count", "known", "sum")

    def __init__(self, count: int, sum_: int) -> None:
        self.bounds: list[float] = []
        self.columns: list[int] = []
        self.known: set[float] = set()
        """The bounds again, for a quick look whether there are new ones."""
        self.count = count
        self.sum = sum_


class MetricStore:
    """Counters, gauges and histograms, scraped into rows.

    Args:
        kernel: for the present instant.
        retention_ms: rows older than this are dropped.
    """

    def __init__(self, kernel: Kernel, retention_ms: int = 3 * HOUR_MS) -> None:
        self._kernel = kernel
        self.retention_ms = retention_ms
        self.series: list[Labels] = []
        """Column to labels, in order of first appearance."""
        self.by_name: dict[str, list[int]] = {}
        self.times: list[int] = []
        """The instant of each kept row, ascending."""
        self.rows: list[array[float]] = []
        self.base = 0
        """How many rows were dropped: row ``k`` has the absolute number ``base + k``."""
        self.broken: list[int] = []
        """Per column, the absolute number of the latest row that does not simply continue the one before."""
        self._current: array[float] = array("d")
        self._aliases: dict[tuple[str, ...], int] = {}
        self._columns: dict[Labels, int] = {}
        self._gauges: dict[int, int] = {}
        """Live gauge column to the number of the scrape before which it was last set."""
        self._histograms: dict[tuple[str, ...], _Histogram] = {}
        self._ending: list[int] = []
        self._collectors: list[Callable[[], object]] = []

    def collector(self, collect: Callable[[], object]) -> None:
        """Run ``collect`` just before each scrape, in order of registration."""
        self._collectors.append(collect)

    def count(self, name: str, labels: Mapping[str, str], amount: float) -> None:
        """Add ``amount`` to a counter, which starts at zero."""
        column = self._aliases.get((name, *labels, *labels.values()))
        if column is None:
            column = self._column(name, labels)
        value = self._current[column]
        self._current[column] = value + amount if value == value else amount  # noqa: PLR0124 - NaN test in a hot path

    def gauge(self, name: str, labels: Mapping[str, str], value: float) -> int:
        """Set a gauge; one not set again within two scrapes goes stale. Returns its column, for :meth:`keep`."""
        column = self._aliases.get((name, *labels, *labels.values()))
        if column is None:
            column = self._column(name, labels)
        self._current[column] = value
        self._gauges[column] = self.base + len(self.rows)
        return column

    def keep(self, columns: Sequence[int]) -> None:
        """Set gauges again to what they are. Only for columns that nothing has ended since they were set."""
        self._gauges.update(dict.fromkeys(columns, self.base + len(self.rows)))

    def buckets(
        self, name: str, labels: Mapping[str, str], counts: Mapping[float, float], total_sum: float
    ) -> None:
        """Add new observations to a histogram.

        Args:
            name: without ``_bucket``, ``_count`` or ``_sum``.
            labels: without ``le``.
            counts: per upper bound, the number of new observations in that bucket alone.
            total_sum: the sum of the new observations.
        """
        key = (name, *labels, *labels.values())
        histogram = self._histograms.get(key)
        if histogram is None:
            histogram = self._histograms[key] = _Histogram(
                self._started(f"{name}_count", labels), self._started(f"{name}_sum", labels)
            )
        if not counts.keys() <= histogram.known:
            self._widen(histogram, name, labels, counts)
        current = self._current
        running = 0.0
        for bound, column in zip(histogram.bounds, histogram.columns, strict=True):
            if bound in counts:
                running += counts[bound]
            if running:
                current[column] += running
        current[histogram.count] += running
        current[histogram.sum] += total_sum

    def _widen(
        self,
        histogram: _Histogram,
        name: str,
        labels: Mapping[str, str],
        counts: Mapping[float, float],
    ) -> None:
        """Give a histogram the bounds it lacks; a new bucket starts with the observations below it."""
        for bound in sorted({*counts, float("inf")} - {*histogram.bounds}):
            place = bisect_left(histogram.bounds, bound)
            column = self._started(f"{name}_bucket", {**labels, "le": bound_text(bound)})
            self._current[column] = self._current[histogram.columns[place - 1]] if place else 0.0
            histogram.bounds.insert(place, bound)
            histogram.columns.insert(place, column)
            histogram.known.add(bound)

    def _started(self, name: str, labels: Mapping[str, str]) -> int:
        column = self._column(name, labels)
        self._current[column] = 0.0
        return column

    def _column(self, name: str, labels: Mapping[str, str]) -> int:
        column = self.column(labels_of(name, labels))
        self._aliases[(name, *labels, *labels.values())] = column
        return column

    def column(self, labels: Labels) -> int:
        """The column of a label set, made when there is none."""
        column = self._columns.get(labels)
        if column is None:
            column = self._columns[labels] = len(self.series)
            self.series.append(labels)
            self.by_name.setdefault(dict(labels)[NAME], []).append(column)
            self._current.append(GAP)
            self.broken.append(_ALWAYS_BROKEN)
        return column

    def forget(self, labels: Mapping[str, str]) -> None:
        """End every series that carries all of ``labels``: stale from the next scrape on."""
        wanted = labels.items()
        gone = {
            column
            for column, pairs in enumerate(self.series)
            if wanted <= dict(pairs).items() and self._current[column] == self._current[column]
        }
        for column in sorted(gone):
            self._end(column)
        self._histograms = {
            key: histogram
            for key, histogram in self._histograms.items()
            if histogram.count not in gone
        }

    def _end(self, column: int) -> None:
        self._gauges.pop(column, None)
        self._current[column] = STALE
        self._ending.append(column)

    def scrape(self) -> None:
        """Run the collectors and keep a row of present values at the present instant."""
        for collect in self._collectors:
            collect()
        number = self.base + len(self.rows)
        oldest = number - STALE_AFTER_SCRAPES
        for column in [c for c, set_at in self._gauges.items() if set_at <= oldest]:
            self._end(column)
        self._append(self._kernel.now_ms, self._current[:])
        for column in self._ending:
            if is_stale(self._current[column]):
                self._current[column] = GAP
        self._ending.clear()

    def _append(self, instant_ms: int, row: array[float]) -> None:
        number = self.base + len(self.rows)
        before: Sequence[float] = self.rows[-1] if self.rows else ()
        broken = self.broken
        # `not v >= p` rather than `v < p`: NaN on either side must count.
        for column in [c for c, (p, v) in enumerate(zip(before, row, strict=False)) if not v >= p]:
            broken[column] = number
        for column in range(len(before), len(row)):
            broken[column] = number
        self.times.append(instant_ms)
        self.rows.append(row)
        self._trim(instant_ms - self.retention_ms)

    def _trim(self, oldest_ms: int) -> None:
        stale_rows = bisect_left(self.times, oldest_ms)
        if stale_rows >= 32:
            del self.times[:stale_rows], self.rows[:stale_rows]
            self.base += stale_rows

    def write(self, labels: Labels, value: float) -> None:
        """Put one sample at the present instant, as a rule does. ``STALE`` ends the series."""
        column = self.column(labels)
        if not self.times or self.times[-1] != self._kernel.now_ms:
            self._append(self._kernel.now_ms, array("d", [GAP]) * len(self.series))
        row = self.rows[-1]
        if column >= len(row):
            row.extend([GAP] * (column + 1 - len(row)))
        row[column] = value
        self.broken[column] = _ALWAYS_BROKEN

    def span(self, first_ms: int, last_ms: int) -> tuple[int, int]:
        """The kept rows with ``first_ms <= instant <= last_ms``, as a half-open pair of row numbers."""
        return bisect_left(self.times, first_ms), bisect_right(self.times, last_ms)

    def samples(self, column: int, rows: tuple[int, int]) -> list[tuple[int, float]]:
        """The (instant, value) pairs of a column in a range of rows, markers left out."""
        found: list[tuple[int, float]] = []
        for number in range(*rows):
            row = self.rows[number]
            if column < len(row) and is_sample(row[column]):
                found.append((self.times[number], row[column]))
        return found

    def present(self, column: int, rows: tuple[int, int]) -> bool:
        """Whether a column has a sample in a range of rows, looked for from the end."""
        for number in range(rows[1] - 1, rows[0] - 1, -1):
            row = self.rows[number]
            if column >= len(row):
                return False
            if is_sample(row[column]):
                return True
        return False

    def select(self, matchers: Sequence[Matcher], *, after: int = -1) -> list[int]:
        """The columns whose labels satisfy every matcher, ascending.

        Args:
            matchers: all must hold.
            after: leave out columns up to this one, known from an earlier selection.
        """
        names = [m.value for m in matchers if m.name == NAME and m.op == "="]
        columns: Sequence[int] = (
            self.by_name.get(names[0], ()) if names else range(len(self.series))
        )
        rest = [m for m in matchers if not (m.name == NAME and m.op == "=")]
        found: list[int] = []
        for column in columns[bisect_right(columns, after) :]:
            labels = dict(self.series[column])
            if all(m.accepts(labels.get(m.name, "")) for m in rest) and all(
                labels[NAME] == name for name in names
            ):
                found.append(column)
        return found


def bound_text(bound: float) -> str:
    """A histogram bound as Prometheus writes the ``le`` label."""
    if bound == float("inf"):
        return "+Inf"
    return str(int(bound)) if bound == int(bound) else repr(bound)
