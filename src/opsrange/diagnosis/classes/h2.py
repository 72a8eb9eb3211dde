"""An argument was left out, or is of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        bad = [each for each in mistakes if each.kind is Kind.TYPE]
        if not bad or reading.repeats_failure(at):
            continue
        later = reading.achieved_later(at)
        yield Event(
            code="H2",
            step=at,
            quotes=[Quote(step=at, text=bad[0].line)],
            why=f"step {at} lacks an argument or gives one of the wrong type: {bad[0].line[:140]}",
            subjects=[bad[0].word] if bad[0].word else [],
            corrected="" if later is None else f"step {later} does it properly",
        )


DETECTOR = Detector(
    code="H2", title="Missing or ill-typed argument", needs=Needs.TRANSCRIPT, detect=_detect
)
