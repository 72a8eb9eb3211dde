"""The grading itself failed, or contradicts the evidence."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.errors import Owner
from opsrange.scoring.verdict import judge


def _detect(reading: Reading) -> Iterator[Event]:
    attempt = reading.attempt
    if attempt.void_owner is Owner.GRADER:
        yield Event(code="N5", why=f"grading failed: {attempt.void_reason[:200]}", harmed=True)
    elif attempt.evidence is not None and attempt.verdict is not None:
        anew = judge(attempt.evidence)
        if anew.repair != attempt.verdict.repair or anew.diagnosis != attempt.verdict.diagnosis:
            yield Event(
                code="N5",
                why="the stored verdict differs from the one its evidence gives",
                harmed=True,
            )


DETECTOR = Detector(code="N5", title="Scorer error", needs=Needs.TRANSCRIPT, detect=_detect)
