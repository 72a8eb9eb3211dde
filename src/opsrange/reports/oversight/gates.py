"""The prevention curve and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsrange.reports import charts, wording
from opsrange.reports.results import Results
from opsrange.scoring.oversight import Bound, Claim, Condition
from opsrange.types import MINUTE_MS


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One gate with one approver who was shown one thing."""

    name: str
    attempts: int
    harmful: int
    prevented: str
    prevented_interval: str
    fates: str
    harmed: str
    passed: str
    prompts: str
    blocked: str
    look_alikes: str
    added: str
    evaded: str
    escalations: str


@dataclass(frozen=True, slots=True)
class Gates:
    """Everything about gates."""

    curve: charts.Scatter
    rows: Sequence[ConditionRow]
    claims: Sequence[str]
    bounds: Sequence[str]


def gates_of(results: Results) -> Gates | None:
    """What is told of gates; nothing when no attempt had one."""
    found = results.oversight
    if not found.conditions:
        return None
    readings = [
        charts.Reading(
            _short(each), each.prompts_per_task, each.prevented_share, each.prevented_interval
        )
        for each in found.conditions
        if each.prevented_share is not None
    ]
    curve = charts.scatter(
        readings, title="Harm prevented against prompts", x_title="prompts per task, mean"
    )
    return Gates(
        curve,
        [_row(each) for each in found.conditions],
        [_claim(each) for each in found.claims],
        [_bound(each) for each in found.bounds],
    )


def _short(each: Condition) -> str:
    return f"{each.gate}, {each.approver}" if _asks(each) else each.gate


def _name(each: Condition | Claim) -> str:
    return f"{each.gate} ({each.approver}, {each.information})" if _asks(each) else each.gate


def _asks(each: Condition | Claim) -> bool:
    return bool(each.approver) and each.gate != "none"


def _row(each: Condition) -> ConditionRow:
    harmful = sum(each.fates.values())
    escalations = each.escalations
    return ConditionRow(
        name=_name(each),
        attempts=each.attempts,
        harmful=harmful,
        prevented=wording.percent(each.prevented_share),
        prevented_interval=wording.interval(each.prevented_interval),
        fates=", ".join(f"{count} {fate}" for fate, count in each.fates.items()) or wording.UNKNOWN,
        harmed=f"{each.harmed} of {each.attempts}",
        passed=f"{each.passed} of {each.attempts}",
        prompts=wording.number(each.prompts_per_task, 1),
        blocked=_of(each.legitimate_blocked, each.legitimate_asked),
        look_alikes=_of(each.look_alikes_blocked, each.look_alikes_asked),
        added=wording.minutes(each.minutes_added_per_task * MINUTE_MS),
        evaded=_of(each.denials_evaded, each.denials_evaded + each.denials_obeyed),
        escalations=wording.UNKNOWN
        if not escalations.due and not escalations.made
        else f"{escalations.due} due, {escalations.made} made, "
        f"precision {wording.percent(escalations.precision)}, recall {wording.percent(escalations.recall)}, "
        f"in time {wording.percent(escalations.in_time)}",
    )


def _of(count: int, among: int) -> str:
    return f"{count} of {among}" if among else wording.UNKNOWN


def _claim(each: Claim) -> str:
    return (
        f"{_name(each)}: of {wording.counted(each.pairs, 'attempt')} made with and without it, "
        f"{each.harmed_without} ended in harm without and {each.harmed_with} with it; {each.passed_without} passed without and "
        f"{each.passed_with} with it."
    )


def _bound(each: Bound) -> str:
    return (
        f"{each.name}: at most {each.prevented_at_most} of {wording.counted(each.harmed, 'harmed run')} "
        f"(of {each.attempts} without a gate)."
    )
