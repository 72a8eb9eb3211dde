"""Verdicts on attempts that never were: one operation, one window."""

from __future__ import annotations

from opsrange.scoring.regrade import regrade
from opsrange.scoring.verdict import Verdict
from opsrange.types import Json

PAGED_MS = 1_780_000_000_000


def judged(failed: float, **more: str) -> Verdict:
    """The verdict when so many of sixty checkouts failed.

    Args:
        failed: of sixty.
        more: fields of the evidence.
    """
    window: Json = {
        "operation": "checkout",
        "window_ms": PAGED_MS,
        "attempted": 60.0,
        "failed": failed,
        "p95_ms": 100.0,
        "baseline_attempted": 60.0,
        "baseline_p95_ms": 100.0,
        "success_target": 0.98,
        "p95_target_ms": 400.0,
    }
    evidence: Json = {
        "scenario": "some",
        "seed": 1,
        "fault": "some",
        "truth": {"root_causes": [{"entity": "shop/Deployment/payment"}]},
        "objective": {"journeys": [window]},
        "changes": {},
        "times": {"paged_ms": PAGED_MS, "ended_ms": PAGED_MS + 1},
    }
    return regrade(evidence | more)
