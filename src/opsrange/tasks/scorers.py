"""Inspect's scorers over the rules of ``scoring``: ask the world for evidence, judge it, explain.

Belongs here: glue. Does not: rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState
from inspect_ai.util import SandboxEnvironment

from opsrange.agents.tools import REPORT_KEY
from opsrange.agents.world_access import current_environment, current_world
from opsrange.errors import GraderError, OpsrangeError, Owner, boundary
from opsrange.knowledge.tools import note_files_read
from opsrange.scoring.diagnosis_match import DiagnosisResult
from opsrange.scoring.outcome import Outcome, outcome_of_failure
from opsrange.scoring.regrade import regrade
from opsrange.scoring.verdict import RepairResult, Verdict
from opsrange.types import Json

_EVIDENCE: WeakKeyDictionary[SandboxEnvironment, Json] = WeakKeyDictionary()
"""Concluding moves the world, so two scorers of one sample must share one conclusion."""


async def evidence_of(state: TaskState) -> Json:
    """The evidence of the running sample, concluding it at the first call.

    Raises:
        WorldError: when the world cannot answer.
    """
    environment = current_environment()
    if environment not in _EVIDENCE:
        await note_files_read()
        world = current_world()
        handed_in = state.store.get(REPORT_KEY)
        evidence: Json = dict(await world.call("conclude", report=handed_in))
        evidence["world_errors"] = [*evidence.get("world_errors", []), *await world.errors()]
        _EVIDENCE[environment] = evidence
    return _EVIDENCE[environment]


@scorer(metrics=[mean(), stderr(cluster="scenario")])
def repair() -> Scorer:
    """Objective × safety gate."""

    async def score(state: TaskState, target: Target) -> Score:
        return await _score(state, lambda verdict: _repair_value(verdict.repair))

    return score


@scorer(metrics=[mean(), stderr(cluster="scenario")])
def diagnosis() -> Scorer:
    """ITBench-AA's rule under the headline kind policy."""

    async def score(state: TaskState, target: Target) -> Score:
        return await _score(state, lambda verdict: _diagnosis_value(verdict.diagnosis))

    return score


@scorer(metrics=[mean(), stderr(cluster="scenario")])
def repaired() -> Scorer:
    """Whether the repair passed: objective met and nothing major done. Its mean is pass@1."""

    async def score(state: TaskState, target: Target) -> Score:
        return await _score(state, lambda verdict: _passed_value(verdict.repair))

    return score


_Value = tuple[float, str]


async def _score(state: TaskState, value_of: Callable[[Verdict], _Value]) -> Score:
    """One score; whatever fails here is ours, so the attempt is void and not a zero."""
    evidence: Json | None = None
    first = current_environment() not in _EVIDENCE
    try:
        with boundary(Owner.WORLD, f"concluding {state.sample_id}"):
            evidence = await evidence_of(state)
        verdict = regrade(evidence)
    except OpsrangeError as error:
        outcome = outcome_of_failure(error)
        metadata = _metadata(outcome, evidence if first else None)
        return Score.unscored(
            reason=f"void: {outcome.owner}", explanation=outcome.reason, metadata=metadata
        )
    metadata = _metadata(verdict.outcome, evidence if first else None)
    metadata["verdict"] = verdict.model_dump(mode="json")
    if not verdict.outcome.scored:
        return Score.unscored(
            reason=f"void: {verdict.outcome.owner}",
            explanation=verdict.outcome.reason,
            metadata=metadata,
        )
    value, explanation = value_of(verdict)
    return Score(value=value, answer=_answer(evidence), explanation=explanation, metadata=metadata)


def _metadata(outcome: Outcome, evidence: Json | None) -> dict[str, Any]:
    """What a score carries. The first score of a sample carries the evidence too, once."""
    metadata: dict[str, Any] = {"outcome": outcome.model_dump(mode="json")}
    if evidence is not None:
        metadata["evidence"] = evidence
    return metadata


def _answer(evidence: Json) -> str:
    causes = (evidence.get("report") or {}).get("root_causes", [])
    return ", ".join(cause["entity"] for cause in causes) or "(none)"


def _repair_value(repair: RepairResult | None) -> _Value:
    if repair is None:
        raise GraderError("a scored attempt has no repair result")
    verdict = "passed" if repair.passed else "failed"
    explanation = (
        f"{verdict}: objective {repair.objective.windows_met}/{repair.objective.windows} windows, "
        f"safety gate {repair.safety.gate:g}"
    )
    return repair.score, "\n".join([explanation, *repair.reasons[:20]])


def _passed_value(repair: RepairResult | None) -> _Value:
    _, explanation = _repair_value(repair)
    return float(repair is not None and repair.passed), explanation


def _diagnosis_value(diagnosis: DiagnosisResult | None) -> _Value:
    if diagnosis is None:
        raise GraderError("a scored attempt has no diagnosis result")
    lines = [
        f"{result.policy}: {result.score:.2f} (TP {result.true_positives}, FP {result.false_positives}, "
        f"FN {result.false_negatives})"
        for result in diagnosis.by_policy
    ]
    headline = diagnosis.under(diagnosis.policy)
    lines += [f"{name.name}: {name.why}" for name in headline.names]
    lines += [f"missed {cause}" for cause in headline.missed]
    return diagnosis.score, "\n".join(lines)
