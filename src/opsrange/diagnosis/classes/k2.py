"""Documents were searched, and the one that governs was never among the answers."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.diagnosis.rulebook import first_violation


def _detect(reading: Reading) -> Iterator[Event]:
    violation = first_violation(reading)
    uses = reading.attempt.documents
    if violation is None or not uses:
        return
    evidence = reading.attempt.evidence
    assert evidence is not None
    assert evidence.knowledge is not None
    seen = {name for use in uses for name in [*use.returned, use.opened]}
    missing = [name for name in evidence.knowledge.governing if name not in seen]
    if not missing:
        return
    at, why = violation
    queries = ", ".join(repr(use.query) for use in uses if use.query)[:200]
    yield Event(
        code="K2",
        step=min((use.before_step for use in uses), default=at),
        why=f"{why}; {', '.join(missing)} was in no answer ({queries or 'nothing was searched for'})",
        subjects=missing,
        harmed=True,
    )


DETECTOR = Detector(code="K2", title="Sought, not found", needs=Needs.TRUTH, detect=_detect)
