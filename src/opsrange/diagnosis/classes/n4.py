"""The budget is smaller than what the answer key itself needs."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading


def _detect(reading: Reading) -> Iterator[Event]:
    attempt = reading.attempt
    needed = attempt.evidence.truth.oracle_turns if attempt.evidence else None
    if needed is None or not attempt.turn_limit or needed + 1 <= attempt.turn_limit:
        return
    yield Event(
        code="N4",
        why=f"the answer key needs {needed} commands and a report; there were {attempt.turn_limit} turns",
        harmed=True,
    )


DETECTOR = Detector(code="N4", title="Budget below need", needs=Needs.TRUTH, detect=_detect)
