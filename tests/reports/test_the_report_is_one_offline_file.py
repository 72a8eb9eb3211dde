"""The HTML report: whole, self-contained, safe with hostile text, and small with many attempts."""

from __future__ import annotations

import re
from typing import Any

from opsrange.errors import Owner
from opsrange.reports.page import render
from opsrange.reports.results import AttemptResult, Results, results_of
from opsrange.scoring.regrade import regrade
from opsrange.trace import Report, RootCause, StateChange, Step

_PAGED_MS = 1_780_000_000_000
_HOSTILE = "<script>alert('x')</script>"
_SCALED = StateChange(
    actor="agent",
    verb="update",
    entity="shop/Deployment/payment",
    path="spec.replicas",
    old=0,
    new=2,
)


def _evidence(failed: float) -> dict[str, Any]:
    window = {
        "operation": "checkout",
        "window_ms": _PAGED_MS + 60_000,
        "attempted": 60.0,
        "failed": failed,
        "p95_ms": 100.0,
        "baseline_attempted": 60.0,
        "baseline_p95_ms": 100.0,
        "success_target": 0.98,
        "p95_target_ms": 400.0,
    }
    return {
        "scenario": "scaled-to-zero",
        "seed": 1,
        "fault": "scaled_to_zero",
        "truth": {"root_causes": [{"entity": "shop/Deployment/payment"}]},
        "objective": {"journeys": [window], "conditions": []},
        "changes": {
            "region": ["shop/Deployment/payment"],
            "difference": [] if failed else [_SCALED.model_dump()],
        },
        "times": {
            "paged_ms": _PAGED_MS,
            "diagnosed_ms": _PAGED_MS + 30_000,
            "repaired_ms": None,
            "ended_ms": _PAGED_MS + 90_000,
        },
        "report": {"root_causes": [{"entity": "shop/Deployment/payment"}], "healthy": True},
    }


def _step(index: int, output: str) -> Step:
    started_ms = _PAGED_MS + index * 21_000
    return Step(
        index=index,
        command=f"kubectl scale deployment/payment --replicas=2 # {_HOSTILE}",
        exit_code=0,
        stdout=output,
        started_ms=started_ms,
        ended_ms=started_ms + 21_000,
        changes=[_SCALED],
        health={"checkout": 0.5},
    )


def _attempt(
    seed: int, *, failed: float = 0.0, steps: int = 2, output: str = "scaled"
) -> AttemptResult:
    return AttemptResult(
        scenario="scaled-to-zero",
        seed=seed,
        task="opsrange/sre_repair",
        verdict=regrade(_evidence(failed)),
        page=f"PAGE {_HOSTILE}",
        report=Report(root_causes=[RootCause(entity="shop/Deployment/payment")], summary=_HOSTILE),
        steps=[_step(index, output) for index in range(steps)],
        turns=steps,
    )


def _results(*attempts: AttemptResult) -> Results:
    return results_of({"opsrange-model/x": list(attempts)}, "0.1.0", {"kubectl": "v1"})


def test_it_asks_the_network_for_nothing() -> None:
    page = render(_results(_attempt(1)))
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert "@import" not in page


def test_hostile_text_stays_text() -> None:
    assert _HOSTILE not in render(_results(_attempt(1)))


def test_it_says_what_passed_what_failed_and_what_does_not_count() -> None:
    void = AttemptResult(
        scenario="scaled-to-zero",
        seed=3,
        task="opsrange/sre_repair",
        void_owner=Owner.WORLD,
        void_reason="the world process died",
    )
    page = render(_results(_attempt(1), _attempt(2, failed=60.0), void))
    for words in (
        "passed",
        "failed",
        "void",
        "the world process died",
        "checkout",
        "spec.replicas",
    ):
        assert words in page


def test_two_hundred_long_attempts_stay_below_eight_megabytes() -> None:
    attempts = [_attempt(seed, steps=15, output="line of output\n" * 2_000) for seed in range(200)]
    assert len(render(_results(*attempts)).encode()) < 8_000_000


def test_the_same_results_give_the_same_page() -> None:
    assert render(_results(_attempt(1))) == render(_results(_attempt(1)))
