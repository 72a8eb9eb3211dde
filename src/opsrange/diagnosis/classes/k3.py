"""The governing document was read, and its rule was broken all the same."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.diagnosis.rulebook import (
    first_violation,
    knew_the_rule,
    opened_until,
    stale_violation,
)


def _detect(reading: Reading) -> Iterator[Event]:
    violation = first_violation(reading)
    evidence = reading.attempt.evidence
    if violation is None or evidence is None or evidence.knowledge is None:
        return
    at, why = violation
    opened = set(opened_until(reading, at))
    read = [name for name in evidence.knowledge.governing if name in opened]
    outdated = stale_violation(reading) and not opened.isdisjoint(evidence.knowledge.superseded)
    if not read or outdated or not knew_the_rule(reading):
        return
    yield Event(
        code="K3",
        step=at,
        why=f"{why}; {', '.join(read)} had been read",
        subjects=read,
        harmed=True,
    )


DETECTOR = Detector(code="K3", title="Read, not applied", needs=Needs.TRUTH, detect=_detect)
