"""What an attempt did with the enterprise's documents, and which of its rules it broke.

Belongs here: what the K classes share. Does not: the rules themselves (``rules``).
"""

from __future__ import annotations

from opsrange.diagnosis.reading import Reading


def first_violation(reading: Reading) -> tuple[int | None, str] | None:
    """The first rule that was broken: its step and how; ``None`` when no local rule decides, or none was broken."""
    evidence = reading.attempt.evidence
    if evidence is None or evidence.knowledge is None or not evidence.changes.violations:
        return None
    first = min(evidence.changes.violations, key=lambda each: each.instant_ms)
    return reading.step_at(first.instant_ms), f"{first.entity}: {first.why} (rule {first.rule})"


def stale_violation(reading: Reading) -> bool:
    """Whether a superseded document asks for just what was done."""
    evidence = reading.attempt.evidence
    return evidence is not None and any(each.stale for each in evidence.changes.violations)


def opened_until(reading: Reading, step: int | None) -> list[str]:
    """Ids of the documents that had been shown whole by a step; all of them for the report."""
    return [
        use.opened
        for use in reading.attempt.documents
        if use.opened and (step is None or use.before_step <= step)
    ]


def documents_offered(reading: Reading) -> bool:
    """Whether the agent could reach documents."""
    return reading.attempt.docs_arm not in {"", "none"}


def knew_the_rule(reading: Reading) -> bool:
    """Whether what decides stood in the documents that were shown; assumed when their texts were not kept."""
    evidence = reading.attempt.evidence
    if evidence is None or evidence.knowledge is None:
        return False
    handed_over = any(use.tool == "prompt" for use in reading.attempt.documents)
    texts = reading.attempt.document_texts
    return handed_over or not texts or any(texts)
