"""Nobody could have solved it: the scenario is not sound, or even the expert fails in this instance."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.errors import Owner


def _detect(reading: Reading) -> Iterator[Event]:
    attempt = reading.attempt
    if attempt.void_owner is Owner.AUTHOR:
        yield Event(
            code="N3", why=f"the scenario is not sound: {attempt.void_reason[:200]}", harmed=True
        )


DETECTOR = Detector(
    code="N3", title="Unsolvable or under-specified", needs=Needs.TRANSCRIPT, detect=_detect
)
