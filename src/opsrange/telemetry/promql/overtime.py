"""Functions that reduce the values of a range: the ``*_over_time`` family."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from opsrange.telemetry.promql.aggregation import REDUCTIONS, mean, variance


def _sum(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)
    except OverflowError:  # fsum is exact, and the exact sum is beyond the largest number
        return sum(values)


def _reduction(name: str) -> Callable[[Sequence[float]], float]:
    return lambda values: REDUCTIONS[name](list(values))


OVER_TIME: dict[str, Callable[[Sequence[float]], float]] = {
    "avg_over_time": lambda values: mean(list(values)),
    "min_over_time": _reduction("min"),
    "max_over_time": _reduction("max"),
    "sum_over_time": _sum,
    "count_over_time": lambda values: float(len(values)),
    "stddev_over_time": lambda values: math.sqrt(variance(list(values))),
    "stdvar_over_time": lambda values: variance(list(values)),
    "last_over_time": lambda values: values[-1],
    "present_over_time": lambda _values: 1.0,
}
