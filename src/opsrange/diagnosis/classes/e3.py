"""The same command was repeated on an error that repeating cannot cure."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import normalised
from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_TRIES_MIN = 3


def _detect(reading: Reading) -> Iterator[Event]:
    for command, tries in _runs(reading):
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


def _runs(reading: Reading) -> Iterator[tuple[str, list[int]]]:
    """Each command with the steps at which it failed for good; a new run once something changed, as trying again makes sense then."""
    runs: dict[tuple[int, str], list[int]] = {}
    wrote = -1
    for at, step in enumerate(reading.steps):
        mistakes = reading.mistakes[at]
        if reading.changes(at):
            wrote = at
        elif _awaits(reading, at):
            continue
        elif step.exit_code != 0 and mistakes and all(each.deterministic for each in mistakes):
            runs.setdefault((wrote, normalised(step.command)), []).append(at)
    for (_, command), tries in runs.items():
        yield command, tries


def _awaits(reading: Reading, at: int) -> bool:
    """Whether a step lets time pass and looks whether something is there by now."""
    lets_pass = any(simple.tool == "sleep" for simple, _ in reading.calls[at])
    missing = all(each.kind is Kind.NOT_FOUND for each in reading.mistakes[at])
    return lets_pass and missing and not reading.asks_for_change(at)


DETECTOR = Detector(code="E3", title="Blind retry", needs=Needs.TRANSCRIPT, detect=_detect)
