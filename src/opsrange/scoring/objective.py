"""Whether service levels came back and stayed, without demand having been taken away.

Belongs here: targets against what users experienced in the soak. Does not: how it was achieved (``safety``).
"""

from __future__ import annotations

from opsrange.errors import GraderError
from opsrange.scoring.evidence import JourneyWindow, Objective
from opsrange.trace import Record

DEMAND_SHARE_MIN = 0.8
"""Demand below this share of the baseline means that users were turned away or the load was stopped. Seeded
demand varies by a few per cent between windows, so a fifth is out of reach of noise."""


class WindowFailure(Record):
    """One window of one operation that missed a target."""

    operation: str
    window_ms: int
    success_ratio: float | None
    """``None`` when nobody was served at all."""
    p95_ms: float
    demand_share: float | None
    """Attempted against the baseline; ``None`` when the baseline had no demand."""
    why: list[str]


class ObjectiveResult(Record):
    """The objective and the windows that explain it."""

    met: bool
    score: float
    """1 when every window of every operation met its targets and no paged condition still holds, else 0."""
    windows: int
    windows_met: int
    failures: list[WindowFailure]
    still_firing: list[str]
    """Alerts of the page that fire at the end of the soak."""


def judge_objective(objective: Objective) -> ObjectiveResult:
    """Hold each window of the soak against its targets.

    Raises:
        GraderError: when there is nothing to judge, which must never read as success.
    """
    if not objective.journeys:
        raise GraderError("evidence holds no journey of the soak; the objective cannot be judged")
    failures = [failure for window in objective.journeys if (failure := _judge_window(window))]
    windows = len(objective.journeys)
    still_firing = sorted({each.alert for each in objective.conditions if each.firing})
    met = not failures and not still_firing
    return ObjectiveResult(
        met=met,
        score=float(met),
        windows=windows,
        windows_met=windows - len(failures),
        failures=failures,
        still_firing=still_firing,
    )


def _judge_window(window: JourneyWindow) -> WindowFailure | None:
    demand_share = (
        window.attempted / window.baseline_attempted if window.baseline_attempted > 0 else None
    )
    success_ratio = 1 - window.failed / window.attempted if window.attempted > 0 else None
    why = []
    if demand_share is not None and demand_share < DEMAND_SHARE_MIN:
        why.append(
            f"demand fell to {demand_share:.0%} of the baseline (at least {DEMAND_SHARE_MIN:.0%})"
        )
    if success_ratio is not None and success_ratio < window.success_target:
        why.append(f"success ratio {success_ratio:.4f} below target {window.success_target:.4f}")
    if success_ratio is not None and window.p95_ms > window.p95_target_ms:
        why.append(f"p95 {window.p95_ms:.0f} ms above target {window.p95_target_ms:.0f} ms")
    if not why:
        return None
    return WindowFailure(
        operation=window.operation,
        window_ms=window.window_ms,
        success_ratio=success_ratio,
        p95_ms=window.p95_ms,
        demand_share=demand_share,
        why=why,
    )
