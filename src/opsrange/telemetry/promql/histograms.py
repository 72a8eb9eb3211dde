"""histogram_quantile over classic buckets, interpolated as Prometheus does."""

from __future__ import annotations

import math
from bisect import bisect_left

from opsrange.telemetry.metrics import NAME, Labels
from opsrange.telemetry.promql.values import Vector


def histogram_quantile(q: float, vector: Vector) -> Vector:
    """The ``q`` quantile of each histogram in a vector of cumulative buckets."""
    histograms: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in vector:
        bound = _bound(dict(labels).get("le", ""))
        if bound is not None:
            key = tuple(p for p in labels if p[0] not in ("le", NAME))
            histograms.setdefault(key, []).append((bound, value))
    return Vector(
        list(histograms), [bucket_quantile(q, buckets) for buckets in histograms.values()]
    )


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def bucket_quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    """The quantile of one histogram.

    Args:
        q: between 0 and 1.
        buckets: (upper bound, cumulative count) in any order; decreasing counts are raised, as rates over
            buckets that were not scraped together need.
    """
    if math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.copysign(math.inf, q)
    bounds: list[float] = []
    counts: list[float] = []
    for bound, count in sorted(buckets, key=lambda bucket: bucket[0]):
        if bounds and bounds[-1] == bound:
            counts[-1] += count
        else:
            bounds.append(bound)
            counts.append(count)
    for place in range(1, len(counts)):
        counts[place] = max(counts[place], counts[place - 1])
    if len(bounds) < 2 or not math.isinf(bounds[-1]) or counts[-1] == 0 or math.isnan(counts[-1]):
        return math.nan
    rank = q * counts[-1]
    place = bisect_left(counts, rank, 0, len(counts) - 1)
    if place == len(bounds) - 1:
        return bounds[-2]
    if place == 0:
        if bounds[0] <= 0:
            return bounds[0]
        lower = below = 0.0
    else:
        lower, below = bounds[place - 1], counts[place - 1]
    inside = counts[place] - below
    if inside == 0:
        return math.nan
    return lower + (bounds[place] - lower) * ((rank - below) / inside)
