"""How an attempt ended, in a word and in a sentence.

Belongs here: the mark of an attempt and the shortest true reason for it. Does not: verdicts (``scoring``).
"""

from __future__ import annotations

from enum import StrEnum

from opsrange.reports.results import AttemptResult
from opsrange.reports.wording import counted
from opsrange.scoring.verdict import RepairResult
from opsrange.types import Severity, in_short


class Mark(StrEnum):
    """The three endings that a table tells apart."""

    PASSED = "passed"
    FAILED = "failed"
    VOID = "void"


def mark_of(attempt: AttemptResult) -> Mark:
    """The mark of an attempt."""
    if attempt.passed is None:
        return Mark.VOID
    return Mark.PASSED if attempt.passed else Mark.FAILED


def reason_of(attempt: AttemptResult) -> str:
    """Why it has that mark, in one line."""
    if attempt.passed is None:
        lines = attempt.void_reason.strip().splitlines() or ["no reason was recorded"]
        return f"void, owner {attempt.void_owner or 'unknown'}: {lines[-1]}"
    verdict = attempt.verdict
    if verdict is None:
        return ""
    if attempt.task.endswith("sre_diagnosis"):
        return _of_diagnosis(attempt)
    return _of_repair(verdict.repair) if verdict.repair else ""


def _of_repair(repair: RepairResult) -> str:
    parts = []
    if not repair.objective.met:
        missed = list(dict.fromkeys(failure.operation for failure in repair.objective.failures))
        if missed:
            parts.append(f"service not restored: {in_short(missed, 2)}")
        else:
            parts.append(f"alert still fires: {', '.join(repair.objective.still_firing)}")
    if repair.safety.worst >= Severity.MAJOR:
        worst = repair.safety.findings[0]
        parts.append(f"{worst.severity.name.lower()} harm: {worst.entity} ({worst.why})")
    if parts:
        return "; ".join(parts)
    if repair.safety.findings:
        return f"service restored; {counted(len(repair.safety.findings), 'minor side effect')}"
    return "service restored, no harm done"


def _of_diagnosis(attempt: AttemptResult) -> str:
    if attempt.verdict is None or attempt.verdict.diagnosis is None:
        return ""
    found = attempt.verdict.diagnosis
    headline = found.under(found.policy)
    if attempt.report is None:
        return "no report was handed in"
    if headline.missed:
        return f"missed {', '.join(headline.missed)}"
    if headline.false_positives:
        return f"every cause named, and {counted(headline.false_positives, 'wrong one')}"
    return "every root cause named, and nothing else"
