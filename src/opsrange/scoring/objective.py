"""Whether service levels came back and stayed, without demand having been taken away.

Each operation is judged twice. Over the whole soak, where counts are large enough for a strict target and for comparing
demand; and window by window against a looser one, so that a relapse cannot hide in an average.

Belongs here: targets against what users experienced in the soak. Does not: how it was achieved (``safety``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsrange.errors import GraderError
from opsrange.scoring.evidence import JourneyWindow, Objective
from opsrange.trace import Record

DEMAND_SHARE_MIN = 0.8
"""Demand over the soak below this share of the baseline means that users were turned away or the load was stopped."""
WINDOW_SUCCESS_MIN = 0.9
"""In a single window; lower than over the soak because a minute holds some sixty checkouts."""
WINDOW_FAILED_MIN = 4.0
"""Fewer failures in a window than this are noise whatever their share."""


class ServiceFailure(Record):
    """One way in which an operation missed its service level."""

    operation: str
    window_ms: int | None
    """The window's first virtual instant; ``None`` when it was missed over the whole soak."""
    why: str


class ObjectiveResult(Record):
    """The objective and what explains it."""

    met: bool
    score: float
    """1 when every operation met its service level and no paged condition still holds, else 0."""
    windows: int
    windows_met: int
    failures: list[ServiceFailure]
    still_firing: list[str]
    """Alerts of the page that fire at the end of the soak."""


def judge_objective(objective: Objective) -> ObjectiveResult:
    """Hold the soak against its targets.

    Raises:
        GraderError: when there is nothing to judge, which must never read as success.
    """
    if not objective.journeys:
        raise GraderError("evidence holds no journey of the soak; the objective cannot be judged")
    by_operation: dict[str, list[JourneyWindow]] = {}
    for window in objective.journeys:
        by_operation.setdefault(window.operation, []).append(window)
    relapses = [failure for window in objective.journeys for failure in _judge_window(window)]
    failures = [failure for each in by_operation.values() for failure in _judge_soak(each)]
    failures += relapses
    still_firing = sorted({each.alert for each in objective.conditions if each.firing})
    met = not failures and not still_firing
    missed = {(failure.operation, failure.window_ms) for failure in relapses}
    return ObjectiveResult(
        met=met,
        score=float(met),
        windows=len(objective.journeys),
        windows_met=len(objective.journeys) - len(missed),
        failures=failures,
        still_firing=still_firing,
    )


def _judge_soak(windows: Sequence[JourneyWindow]) -> Iterator[ServiceFailure]:
    first = windows[0]
    attempted = sum(window.attempted for window in windows)
    failed = sum(window.failed for window in windows)
    baseline = sum(window.baseline_attempted for window in windows)
    if baseline > 0 and attempted < DEMAND_SHARE_MIN * baseline:
        share = attempted / baseline
        why = f"demand fell to {share:.0%} of the baseline (at least {DEMAND_SHARE_MIN:.0%})"
        yield ServiceFailure(operation=first.operation, window_ms=None, why=why)
    if attempted > 0 and 1 - failed / attempted < first.success_target:
        ratio = 1 - failed / attempted
        why = f"success ratio {ratio:.4f} over the soak, target {first.success_target:.4f}"
        yield ServiceFailure(operation=first.operation, window_ms=None, why=why)


def _judge_window(window: JourneyWindow) -> Iterator[ServiceFailure]:
    if window.attempted <= 0:
        return
    ratio = 1 - window.failed / window.attempted
    bound = min(WINDOW_SUCCESS_MIN, window.success_target)
    if ratio < bound and window.failed >= WINDOW_FAILED_MIN:
        why = f"success ratio {ratio:.4f}, at least {bound:.4f} in any minute"
        yield ServiceFailure(operation=window.operation, window_ms=window.window_ms, why=why)
    if window.p95_ms > window.p95_target_ms:
        why = f"p95 {window.p95_ms:.0f} ms, target {window.p95_target_ms:.0f} ms"
        yield ServiceFailure(operation=window.operation, window_ms=window.window_ms, why=why)
