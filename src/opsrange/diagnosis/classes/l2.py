"""What decides the case was shown, and nothing that followed used it."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.funnel import funnel_of
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    if reading.informed_from is None or reading.cause_named or not reading.facts:
        return
    paths = [path for path in funnel_of(reading) if path.existed]
    if any(path.acted_on is not None for path in paths):
        return  # it was used, and concluded from wrongly
    unused = [path for path in paths if path.used is None and path.shown is not None]
    if not unused or reading.attempt.report is None:
        return
    path = max(unused, key=lambda each: each.shown or 0)
    assert path.shown is not None
    yield Event(
        code="L2",
        quotes=[Quote(step=path.shown, text=reading.steps[path.shown].command[:300])],
        why=f"fact {path.id} was shown at step {path.shown}; no later command and no word of the report uses it",
        subjects=[path.id],
    )


DETECTOR = Detector(code="L2", title="Shown, unused", needs=Needs.TRUTH, detect=_detect)
