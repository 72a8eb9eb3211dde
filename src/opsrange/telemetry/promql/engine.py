"""Queries against one store, with compiled plans kept."""

from __future__ import annotations

from dataclasses import dataclass

from opsrange.telemetry.metrics import Labels, MetricStore
from opsrange.telemetry.promql.plan import compile_query
from opsrange.telemetry.promql.selectors import Range, Subquery
from opsrange.telemetry.promql.values import (
    ANSWERED_SAMPLES,
    INSTANT_SAMPLES,
    Meter,
    Moment,
    Node,
    PromqlError,
    RangeNode,
    Value,
    Vector,
    Window,
    unique,
)

PLANS = 512
"""Compiled queries kept; when full, all are dropped, since compiling is cheap."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Samples over time per label set."""

    labels: list[Labels]
    windows: list[Window]


class Engine:
    """Evaluates PromQL. Reads only: no query changes a result.

    Args:
        store: what is looked at.
        plans: how many compiled queries are kept. For rules, which come again; each holds on to the series it found, so that
            those of strangers are better forgotten.
    """

    def __init__(self, store: MetricStore, *, plans: int = PLANS) -> None:
        self._store = store
        self._kept = plans
        self._plans: dict[str, Node | RangeNode] = {}

    def _plan(self, text: str) -> Node | RangeNode:
        plan = self._plans.get(text)
        if plan is None:
            if len(self._plans) >= self._kept:
                self._plans.clear()
            plan = compile_query(text)
            if self._kept:
                self._plans[text] = plan
        return plan

    def vector(self, text: str, now_ms: int) -> Vector:
        """An instant query as a rule asks it: a scalar counts as a vector of one.

        Raises:
            PromqlError: when it cannot be answered with a vector.
        """
        value = self.instant(text, now_ms)
        if isinstance(value, float):
            return Vector([()], [value])
        if isinstance(value, Vector):
            return value
        raise PromqlError("execution", "rule result is not a vector or scalar")

    def instant(self, text: str, now_ms: int) -> Value | Matrix:
        """Evaluate at one instant.

        Args:
            text: the query.
            now_ms: milliseconds since the Unix epoch.

        Raises:
            PromqlError: when it does not parse or cannot be evaluated.
        """
        plan = self._plan(text)
        moment = Moment(self._store, now_ms, now_ms, now_ms, Meter())
        if isinstance(plan, (Range, Subquery)):
            windows = plan.windows(moment)
            answered = sum(len(window.times) for window in windows.windows)
            moment.meter.spend(ANSWERED_SAMPLES * answered)
            return Matrix(windows.named, windows.windows)
        value = _evaluate(plan, moment)
        return unique(value) if isinstance(value, Vector) else value

    def range(self, text: str, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        """Evaluate at each step from ``start_ms`` to ``end_ms``, both included; series sorted by labels.

        Raises:
            PromqlError: when it does not parse, cannot be evaluated, or is no scalar or instant vector.
        """
        plan = self._plan(text)
        if isinstance(plan, (Range, Subquery)):
            raise PromqlError(
                "bad_data",
                'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
            )
        found: dict[Labels, tuple[list[int], list[float]]] = {}
        meter = Meter()
        for now_ms in range(start_ms, end_ms + 1, step_ms):
            meter.spend(INSTANT_SAMPLES)
            value = _evaluate(plan, Moment(self._store, now_ms, start_ms, end_ms, meter))
            if isinstance(value, str):
                raise PromqlError(
                    "bad_data",
                    'invalid expression type "string" for range query, must be Scalar or instant Vector',
                )
            vector = value if isinstance(value, Vector) else Vector([()], [value])
            meter.spend(ANSWERED_SAMPLES * len(vector))
            for labels, number in unique(vector):
                times, values = found.setdefault(labels, ([], []))
                times.append(now_ms)
                values.append(number)
        ordered = sorted(found)
        return Matrix(ordered, [Window(*found[labels]) for labels in ordered])


def _evaluate(plan: Node | RangeNode, moment: Moment) -> Value:
    value: Value = plan.evaluate(moment)  # type: ignore[union-attr]  # range nodes never come here
    return value
