"""Aggregation operators: many series to one per group, or to the extremes of each group."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from opsrange.telemetry.metrics import NAME, Labels
from opsrange.telemetry.promql.values import Moment, Node, PromqlError, Vector, number_text


def quantile(q: float, values: list[float]) -> float:
    """The interpolated ``q`` quantile; NaN for no values, infinite for a ``q`` outside 0 to 1."""
    if not values or math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.copysign(math.inf, q)
    ordered = sorted(values, key=lambda v: (not math.isnan(v), v))
    rank = q * (len(ordered) - 1)
    lower = max(0, math.floor(rank))
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - math.floor(rank)
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def mean(values: list[float]) -> float:
    """The average."""
    total = sum(values)
    if math.isinf(total) and not any(math.isinf(v) for v in values):
        return sum(v / len(values) for v in values)
    return total / len(values)


def variance(values: list[float]) -> float:
    """The population variance, by Welford's recurrence."""
    average = squares = 0.0
    for count, value in enumerate(values, 1):
        step = value - average
        average += step / count
        squares += step * (value - average)
    return squares / len(values)


def _least(values: list[float]) -> float:
    return min((v for v in values if not math.isnan(v)), default=math.nan)


def _greatest(values: list[float]) -> float:
    return max((v for v in values if not math.isnan(v)), default=math.nan)


REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": mean,
    "min": _least,
    "max": _greatest,
    "count": lambda values: float(len(values)),
    "group": lambda _values: 1.0,
    "stddev": lambda values: math.sqrt(variance(values)),
    "stdvar": variance,
}


@dataclass(frozen=True, slots=True)
class _Groups:
    """Which group each element of one list of label sets belongs to."""

    labels: list[Labels]
    numbers: list[int]
    keys: list[Labels]


@dataclass(slots=True)
class Aggregate:
    """One aggregation. Remembers the grouping of the list of labels it last saw."""

    operator: str
    expression: Node
    parameter: Node | None
    names: frozenset[str] | None
    """``None`` when there is neither ``by`` nor ``without``."""
    without: bool
    _keys: dict[Labels, Labels] = field(default_factory=dict)
    _groups: _Groups | None = None

    def evaluate(self, moment: Moment) -> Vector:
        """The aggregated vector, groups in order of first appearance."""
        vector = self.expression.evaluate(moment)
        if not isinstance(vector, Vector):
            raise PromqlError("execution", "aggregation over something other than a vector")
        moment.meter.spend(len(vector))
        if self.operator == "sum":
            groups = self._grouped(vector.labels)
            sums = [0.0] * len(groups.keys)
            for number, value in zip(groups.numbers, vector.values, strict=True):
                sums[number] += value
            return Vector(groups.keys, sums)
        if self.operator in REDUCTIONS:
            return self._reduce(vector, REDUCTIONS[self.operator])
        parameter = self.parameter.evaluate(moment) if self.parameter is not None else 0.0
        if self.operator == "quantile":
            q = _number(parameter)
            return self._reduce(vector, lambda values: quantile(q, values))
        if self.operator in ("topk", "bottomk"):
            return self._extremes(vector, _number(parameter))
        if self.operator == "count_values":
            return self._count_values(vector, str(parameter))
        raise PromqlError("execution", f"unsupported aggregation operator {self.operator!r}")

    def _key(self, labels: Labels) -> Labels:
        key = self._keys.get(labels)
        if key is None:
            names = self.names or frozenset()
            if self.without:
                key = tuple(p for p in labels if p[0] not in names and p[0] != NAME)
            else:
                key = tuple(p for p in labels if p[0] in names)
            self._keys[labels] = key
        return key

    def _grouped(self, labels: list[Labels]) -> _Groups:
        if self._groups is not None and self._groups.labels is labels:
            return self._groups
        order: dict[Labels, int] = {}
        numbers = [order.setdefault(self._key(pairs), len(order)) for pairs in labels]
        self._groups = _Groups(labels, numbers, list(order))
        return self._groups

    def _members(self, vector: Vector) -> tuple[list[Labels], list[list[int]]]:
        groups = self._grouped(vector.labels)
        members: list[list[int]] = [[] for _ in groups.keys]
        for position, number in enumerate(groups.numbers):
            members[number].append(position)
        return groups.keys, members

    def _reduce(self, vector: Vector, reduction: Callable[[list[float]], float]) -> Vector:
        keys, members = self._members(vector)
        values = vector.values
        return Vector(keys, [float(reduction([values[p] for p in group])) for group in members])

    def _extremes(self, vector: Vector, parameter: float) -> Vector:
        if math.isnan(parameter):
            raise PromqlError("execution", f"Scalar value {number_text(parameter)} overflows int64")
        count = max(0, int(min(parameter, len(vector))))
        sign = -1 if self.operator == "topk" else 1
        picked: list[int] = []
        for group in self._members(vector)[1]:
            group.sort(
                key=lambda p: (vector.values[p] != vector.values[p], sign * vector.values[p])
            )
            picked += group[:count]
        return Vector([vector.labels[p] for p in picked], [vector.values[p] for p in picked])

    def _count_values(self, vector: Vector, name: str) -> Vector:
        if not name.isidentifier() or not name.isascii():
            raise PromqlError("execution", f'invalid label name "{name}"')
        counts: dict[Labels, float] = {}
        for labels, value in vector:
            key = {**dict(self._key(labels)), name: number_text(value)}
            pairs = tuple(sorted(key.items()))
            counts[pairs] = counts.get(pairs, 0.0) + 1
        return Vector(list(counts), list(counts.values()))


def _number(value: Vector | float | str) -> float:
    if isinstance(value, float):
        return value
    raise PromqlError("execution", "aggregation parameter is not a scalar")
