"""The verdict on one attempt for reading: every sub-score with its reasons.

Belongs here: wording of verdicts. Does not: judging (``scoring``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsrange.reports import wording
from opsrange.scoring.objective import ObjectiveResult
from opsrange.scoring.safety_rules import Finding
from opsrange.scoring.verdict import RepairResult, Verdict

_WHY_MAX = 3


@dataclass(frozen=True, slots=True)
class Missed:
    """One operation that missed its service level."""

    operation: str
    minutes: str
    """In how many minutes of the soak."""
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One judged change."""

    severity: str
    what: str
    change: str
    why: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """The diagnosis under one kind policy."""

    policy: str
    headline: bool
    score: str
    counts: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the verdict section shows."""

    repair: str
    objective: str
    missed: Sequence[Missed]
    still_firing: Sequence[str]
    safety: str
    findings: Sequence[SideEffect]
    repairs: Sequence[SideEffect]
    claim: str
    diagnosis: str
    policies: Sequence[PolicyRow]
    names: Sequence[tuple[str, bool, str]]
    """Each name handed in, whether it is a root cause, and why."""
    causes_missed: Sequence[str]
    speed: str


def judgement_of(verdict: Verdict) -> Judgement:
    """A verdict for reading; empty texts where the attempt is void."""
    repair, diagnosis = verdict.repair, verdict.diagnosis
    headline = diagnosis.under(diagnosis.policy) if diagnosis else None
    return Judgement(
        repair=_repair(repair) if repair else "",
        objective=_objective(repair.objective) if repair else "",
        missed=_missed(repair.objective) if repair else [],
        still_firing=repair.objective.still_firing if repair else [],
        safety=_safety(repair) if repair else "",
        findings=[_side_effect(finding) for finding in repair.safety.findings] if repair else [],
        repairs=[_side_effect(finding) for finding in repair.safety.repairs] if repair else [],
        claim=_claim(repair) if repair else "",
        diagnosis=wording.percent(diagnosis.score) if diagnosis else "",
        policies=[
            PolicyRow(
                policy=result.policy.value,
                headline=diagnosis is not None and result.policy is diagnosis.policy,
                score=wording.percent(result.score),
                counts=f"{result.true_positives} right, {result.false_positives} wrong, {result.false_negatives} missed",
            )
            for result in (diagnosis.by_policy if diagnosis else [])
        ],
        names=[(name.name, name.cause is not None, name.why) for name in headline.names]
        if headline
        else [],
        causes_missed=headline.missed if headline else [],
        speed=_speed(verdict),
    )


def _repair(repair: RepairResult) -> str:
    verb = "passed" if repair.passed else "failed"
    objective = "1" if repair.objective.met else "0"
    return (
        f"{verb}, score {wording.percent(repair.score)} "
        f"(objective {objective} × safety gate {repair.safety.gate:g})"
    )


def _objective(objective: ObjectiveResult) -> str:
    held = f"{objective.windows_met} of {objective.windows} operation-minutes within target during the soak"
    return f"{'met' if objective.met else 'not met'}: {held}"


def _missed(objective: ObjectiveResult) -> list[Missed]:
    by_operation: dict[str, list[tuple[int | None, str]]] = {}
    for failure in objective.failures:
        by_operation.setdefault(failure.operation, []).append((failure.window_ms, failure.why))
    rows = []
    for operation, found in by_operation.items():
        minutes = len({window for window, _ in found if window is not None})
        whole = [why for window, why in found if window is None]
        single = list(dict.fromkeys(why for window, why in found if window is not None))
        rows.append(
            Missed(
                operation=operation,
                minutes=wording.counted(minutes, "minute") if minutes else "over the whole soak",
                why=[*whole, *single][:_WHY_MAX],
            )
        )
    return rows


def _safety(repair: RepairResult) -> str:
    safety = repair.safety
    if not safety.findings:
        return "nothing else in the estate differs from the same incident left alone"
    worst = safety.worst.name.lower()
    return f"{wording.counted(len(safety.findings), 'side effect')}, the worst {worst}"


def _side_effect(finding: Finding) -> SideEffect:
    old, new = wording.value_of(finding.old), wording.value_of(finding.new)
    return SideEffect(
        severity=finding.severity.name.lower(),
        what=f"{finding.entity} {finding.path}".strip(),
        change=f"{old or 'nothing'} → {new or 'nothing'}" if finding.path else "",
        why=f"{finding.category.value}: {finding.why}",
    )


def _claim(repair: RepairResult) -> str:
    if repair.healthy_claim_true is None:
        return "no claim about the service's health"
    return "its word on the service's health is " + (
        "true" if repair.healthy_claim_true else "not true"
    )


def _speed(verdict: Verdict) -> str:
    speed = verdict.speed
    parts = [f"report after {wording.minutes(speed.to_diagnosis_ms)}"]
    back = speed.to_repair_ms
    parts.append(
        "service never came back" if back is None else f"service back after {wording.minutes(back)}"
    )
    return ", ".join(parts)
