"""A local rule was broken that a document says, and no document was ever looked for, though some were there."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.diagnosis.rulebook import documents_offered, first_violation


def _detect(reading: Reading) -> Iterator[Event]:
    violation = first_violation(reading)
    if violation is None or not documents_offered(reading) or reading.attempt.documents:
        return
    at, why = violation
    yield Event(
        code="K1", step=at, why=f"{why}; no document was searched for or opened", harmed=True
    )


DETECTOR = Detector(code="K1", title="Knowledge not sought", needs=Needs.TRUTH, detect=_detect)
