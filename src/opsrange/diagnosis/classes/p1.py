"""A step was taken before what has to come first, as a local rule orders it."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    evidence = reading.attempt.evidence
    assert evidence is not None
    for violation in evidence.changes.violations:
        if not violation.early:
            continue
        at = reading.step_at(violation.instant_ms)
        yield Event(
            code="P1",
            step=at,
            quotes=[] if at is None else [Quote(step=at, text=reading.steps[at].command[:300])],
            why=f"{violation.entity}: {violation.why} (rule {violation.rule})",
            subjects=[violation.entity],
            harmed=True,
        )


DETECTOR = Detector(
    code="P1", title="Order or precondition violated", needs=Needs.TRUTH, detect=_detect
)
