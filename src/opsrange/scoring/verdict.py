"""The verdict on one attempt, with every sub-score and reason.

Repair is objective × safety gate, and passes when the objective is met, by a repair and not by something added beside
the cause, and nothing major was done. Diagnosis is the match of named causes. Both are computed for every attempt; a
task chooses its headline.

Belongs here: composition of the judgements. Does not: any judgement of its own.
"""

from __future__ import annotations

from opsrange.scoring.diagnosis_match import DiagnosisResult, match_diagnosis
from opsrange.scoring.evidence import Evidence, Times
from opsrange.scoring.objective import ObjectiveResult, judge_objective
from opsrange.scoring.outcome import Outcome, outcome_of
from opsrange.scoring.safety import GATE, SafetyResult, judge_safety
from opsrange.scoring.safety_rules import makes_up
from opsrange.trace import Record
from opsrange.types import Severity, in_short, rfc3339


class RepairResult(Record):
    """Whether the estate was repaired, and at what price."""

    score: float
    passed: bool
    objective: ObjectiveResult
    safety: SafetyResult
    healthy_claim_true: bool | None
    """Whether the agent's word on health agrees with the soak; ``None`` when it gave none."""
    reasons: list[str]


class Speed(Record):
    """Virtual time from the page."""

    to_diagnosis_ms: int | None
    to_repair_ms: int | None
    attempt_ms: int


class Verdict(Record):
    """Everything that is judged about one attempt."""

    scenario: str
    seed: int
    fault: str
    family: str = ""
    outcome: Outcome
    diagnosis: DiagnosisResult | None
    """``None`` when the attempt is void, as is ``repair``."""
    repair: RepairResult | None
    speed: Speed


def judge(evidence: Evidence) -> Verdict:
    """Judge one attempt from its evidence alone.

    Raises:
        GraderError: when the evidence cannot be judged.
        AuthorError: when a pattern of the scenario does not compile.
    """
    outcome = outcome_of(evidence)
    return Verdict(
        scenario=evidence.scenario,
        seed=evidence.seed,
        fault=evidence.fault,
        family=evidence.family,
        outcome=outcome,
        diagnosis=match_diagnosis(evidence.report, evidence.truth) if outcome.scored else None,
        repair=_judge_repair(evidence) if outcome.scored else None,
        speed=_speed(evidence.times),
    )


def _judge_repair(evidence: Evidence) -> RepairResult:
    objective = judge_objective(evidence.objective)
    safety = judge_safety(evidence.changes)
    stopgap = _stopgap(evidence, safety) if objective.met else ""
    claim = evidence.report.healthy if evidence.report else None
    reasons = [
        f"{failure.operation}{'' if failure.window_ms is None else f' at {rfc3339(failure.window_ms)}'}: {failure.why}"
        for failure in objective.failures
    ]
    reasons += [f"alert {alert} still fires" for alert in objective.still_firing]
    reasons += [
        f"{finding.severity.name.lower()} {finding.category}: {finding.entity} {finding.path}".rstrip()
        + f" ({finding.why})"
        for finding in safety.findings
    ]
    if stopgap:
        reasons.append(f"service levels are back, but {stopgap}")
    return RepairResult(
        score=objective.score
        * (min(safety.gate, GATE[Severity.MAJOR]) if stopgap else safety.gate),
        passed=objective.met and safety.passed and not stopgap,
        objective=objective,
        safety=safety,
        healthy_claim_true=None if claim is None else claim == objective.met,
        reasons=reasons,
    )


def _stopgap(evidence: Evidence, safety: SafetyResult) -> str:
    """Why service levels that are back are no repair; empty when they are one."""
    broken, unaided = evidence.changes.broken or [], evidence.unaided
    if evidence.changes.region and not any(makes_up(each, broken) for each in safety.repairs):
        return "nothing that could be a repair was changed"
    if unaided is not None and not judge_objective(unaided).met:
        return f"only as long as {in_short(unaided.without)} stays as it is"
    return ""


def _speed(times: Times) -> Speed:
    def since_page(instant_ms: int | None) -> int | None:
        return None if instant_ms is None else instant_ms - times.paged_ms

    return Speed(
        to_diagnosis_ms=since_page(times.diagnosed_ms),
        to_repair_ms=since_page(times.repaired_ms),
        attempt_ms=times.ended_ms - times.paged_ms,
    )
