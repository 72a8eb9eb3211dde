"""What documents were worth, in words: arms against none at all.

Belongs here: formatting of measured lifts. Does not: measuring (``scoring.knowledge``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsrange.reports import wording
from opsrange.reports.results import Results
from opsrange.scoring.knowledge import BASELINE, CEILING, ArmSummary
from opsrange.scoring.statistics import Estimate

ARMS = {
    "none": "none",
    "bm25": "search",
    "shell": "files in the shell",
    "full": "all in the prompt",
    "golden": "the right ones handed over",
    "golden_decoys": "search, the right ones and decoys",
    "stale": "search, only superseded ones",
}


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One way of having documents."""

    arm: str
    attempts: int
    passed: str
    passed_interval: str
    lift: str
    harm_lift: str
    changed: str
    """Instances that went better and worse than without documents."""
    efficiency: str
    broke_rule: str
    sought: str
    retrieved: str
    opened: str
    stale: str
    citations: str


@dataclass(frozen=True, slots=True)
class AgentArms:
    """One agent under several arms."""

    agent: str
    headline: str
    arms: Sequence[ArmRow]


def documents_of(results: Results) -> list[AgentArms]:
    """A table per agent that worked under more than one arm."""
    return [
        AgentArms(each.agent, _headline(each.ceiling, each.arms), [_row(arm) for arm in each.arms])
        for each in results.knowledge
    ]


def _headline(ceiling: Estimate | None, arms: Sequence[ArmSummary]) -> str:
    if ceiling is None:
        return f"Not run both without documents and with the right ones ({BASELINE}, {CEILING}): the ceiling is not known."
    told = f"The right documents, handed over, change passes by {_points(ceiling)}."
    searched = next((arm for arm in arms if arm.arm == "bm25"), None)
    if searched is None or searched.lift is None:
        return told
    efficiency = searched.efficiency
    share = "" if efficiency is None else f", {wording.percent(efficiency.value)} of that"
    return f"{told} Searching for them changes passes by {_points(searched.lift)}{share}."


def _row(arm: ArmSummary) -> ArmRow:
    return ArmRow(
        arm=ARMS.get(arm.arm, arm.arm),
        attempts=arm.scored,
        passed=wording.percent(arm.pass_rate),
        passed_interval=wording.interval(arm.pass_interval),
        lift=_points(arm.lift),
        harm_lift=_points(arm.harm_lift),
        changed=f"{arm.better} / {arm.worse}" if arm.lift else wording.UNKNOWN,
        efficiency=wording.percent(arm.efficiency.value if arm.efficiency else None),
        broke_rule=wording.percent(arm.broke_rule),
        sought=wording.percent(arm.sought),
        retrieved=wording.percent(arm.retrieved_recall),
        opened=wording.percent(arm.opened_recall),
        stale=_stale(arm),
        citations=wording.percent(arm.citation_precision),
    )


def _stale(arm: ArmSummary) -> str:
    if not arm.stale_shown:
        return wording.UNKNOWN
    return f"{wording.percent(arm.stale_susceptibility)} of {arm.stale_shown}"


def _points(estimate: Estimate | None) -> str:
    """A difference in percentage points, with its interval."""
    if estimate is None:
        return wording.UNKNOWN
    told = f"{100 * estimate.value:+.0f} points"
    bounds = estimate.interval
    return (
        told if bounds is None else f"{told} ({100 * bounds.low:+.0f} to {100 * bounds.high:+.0f})"
    )
