"""An outdated or unrelated document was followed against the one in force."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.diagnosis.rulebook import first_violation, opened_until, stale_violation


def _detect(reading: Reading) -> Iterator[Event]:
    violation = first_violation(reading)
    evidence = reading.attempt.evidence
    if violation is None or evidence is None or evidence.knowledge is None:
        return
    at, why = violation
    knowledge = evidence.knowledge
    opened = opened_until(reading, at)
    stale = [name for name in opened if name in knowledge.superseded]
    decoys = [name for name in opened if name in knowledge.decoys]
    if stale_violation(reading):
        followed = stale
    else:
        followed = decoys if not set(opened) & set(knowledge.governing) else []
    if followed:
        kind = "superseded" if followed[0] in knowledge.superseded else "about something else"
        yield Event(
            code="K4",
            step=at,
            why=f"{why}; {', '.join(dict.fromkeys(followed))} had been read, which is {kind}",
            subjects=followed,
            harmed=True,
        )


DETECTOR = Detector(
    code="K4", title="Stale or decoy document followed", needs=Needs.TRUTH, detect=_detect
)
