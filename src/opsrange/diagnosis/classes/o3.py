"""Somebody had to be asked, and was not."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading


def _detect(reading: Reading) -> Iterator[Event]:
    evidence, report = reading.attempt.evidence, reading.attempt.report
    knowledge = evidence.knowledge if evidence else None
    if knowledge is None or not knowledge.must_escalate:
        return
    said = report.escalation if report else ""
    if said and (not knowledge.escalation_to or knowledge.escalation_to.lower() in said.lower()):
        return
    whom = knowledge.escalation_to or "somebody"
    asked = f"it asked {said[:80]!r} instead" if said else "nobody was asked"
    yield Event(
        code="O3",
        why=f"rule {knowledge.rule} wants {whom} to be asked; {asked}",
        subjects=[whom],
        harmed=True,
    )


DETECTOR = Detector(code="O3", title="Escalation missed", needs=Needs.TRUTH, detect=_detect)
