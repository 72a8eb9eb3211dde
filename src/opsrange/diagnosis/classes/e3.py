"""The same command was repeated on an error that repeating cannot cure."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import normalised
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_TRIES_MIN = 3


def _detect(reading: Reading) -> Iterator[Event]:
    runs: dict[str, list[int]] = {}
    for at, step in enumerate(reading.steps):
        if reading.changes(at):
            runs.clear()  # something changed, so trying again makes sense
            continue
        mistakes = reading.mistakes[at]
        if step.exit_code == 0 or not mistakes or not all(each.deterministic for each in mistakes):
            continue
        tries = runs.setdefault(normalised(step.command), [])
        tries.append(at)
    for command, tries in runs.items():
        if len(tries) < _TRIES_MIN:
            continue
        later = reading.achieved_later(tries[-1])
        line = reading.mistakes[tries[0]][0].line
        yield Event(
            code="E3",
            step=tries[1],
            quotes=[Quote(step=tries[0], text=line)],
            why=f"{command[:120]!r} was run {len(tries)} times and failed each time with the same, lasting error",
            corrected="" if later is None else f"step {later} does it differently",
        )


DETECTOR = Detector(code="E3", title="Blind retry", needs=Needs.TRANSCRIPT, detect=_detect)
