"""One of several things to do was neither done nor reported as open."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.funnel import report_words
from opsrange.diagnosis.reading import Reading


def _detect(reading: Reading) -> Iterator[Event]:
    evidence, report = reading.attempt.evidence, reading.attempt.report
    verdict = reading.attempt.verdict
    assert evidence is not None
    if (
        report is None
        or verdict is None
        or verdict.diagnosis is None
        or len(evidence.truth.root_causes) < 2
    ):
        return
    named = verdict.diagnosis.under(verdict.diagnosis.policy)
    if not named.true_positives and not reading.writes:
        return  # nothing was done at all: that is another failure
    for cause in named.missed:
        touched = any(
            change.entity == cause for at in reading.writes for change in reading.changes(at)
        )
        if not touched and cause.rpartition("/")[2] not in report_words(report):
            yield Event(
                code="P5",
                why=f"{cause} was neither repaired nor reported as open, though other parts were",
                subjects=[cause],
                harmed=True,
            )


DETECTOR = Detector(code="P5", title="Sub-goal dropped", needs=Needs.TRUTH, detect=_detect)
