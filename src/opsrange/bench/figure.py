"""One measured figure: its samples summed up, beside its budget."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pydantic import BaseModel


class Figure(BaseModel):
    """What ``bench.json`` holds per name."""

    value: float
    """The median."""
    unit: str
    n: int
    p50: float
    p95: float
    budget: float | None = None
    """In the same unit; what the design promises."""
    within: bool | None = None
    """Whether the median keeps the budget; ``None`` without one."""


def figure(
    samples: Sequence[float],
    unit: str,
    budget: float | None = None,
    *,
    more_is_better: bool = False,
) -> Figure:
    """Sum samples up.

    Args:
        samples: at least one, in ``unit``.
        unit: e.g. ``ms`` or ``MB``.
        budget: the most the median may be.
        more_is_better: the budget is the least it may be.
    """
    ordered = sorted(samples)
    median = statistics.median(ordered)
    p95 = ordered[min(len(ordered) - 1, -(-len(ordered) * 95 // 100) - 1)]
    within = None
    if budget is not None:
        within = median >= budget if more_is_better else median <= budget
    return Figure(
        value=round(median, 4),
        unit=unit,
        n=len(ordered),
        p50=round(median, 4),
        p95=round(p95, 4),
        budget=budget,
        within=within,
    )
