"""Victory was declared blind: nothing that could tell was read after the last change."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading


def _detect(reading: Reading) -> Iterator[Event]:
    report = reading.attempt.report
    if report is None or report.healthy is not True or reading.objective_met is not False:
        return
    last = reading.writes[-1] if reading.writes else None
    if last is None:
        tried = [at for at in range(reading.end) if reading.asks_for_change(at)]
        since = tried[-1] + 1 if tried else 0
        if any(reading.looks_at_users(at) for at in range(since, reading.end)):
            return
        why = "the report calls the service healthy; nothing was changed and nothing that users meet was looked at"
    elif reading.checked_after(last) is None:
        why = f"the report calls the service healthy; nothing was read after the last change, at step {last}"
    else:
        return
    yield Event(code="V1", why=why, harmed=True)


DETECTOR = Detector(code="V1", title="Declared victory blind", needs=Needs.TRUTH, detect=_detect)
