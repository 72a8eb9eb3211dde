"""A command that could not be understood: a typing error in its syntax, its verb or its flags, or a tool that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import invented
from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_KINDS = frozenset({Kind.SYNTAX, Kind.USAGE, Kind.NO_TOOL, Kind.FIELD})


def _detect(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        bad = [
            each
            for each in mistakes
            if each.kind in _KINDS and not invented(each, list(reading.kubectl(at)))
        ]
        if not bad or reading.steps[at].exit_code == 0 or reading.repeats_failure(at):
            continue
        later = reading.achieved_later(at)
        yield Event(
            code="X1",
            step=at,
            quotes=[Quote(step=at, text=bad[0].line)],
            why=f"step {at} could not be understood ({bad[0].kind}): {bad[0].line[:160]}",
            subjects=[bad[0].word] if bad[0].word else [],
            corrected="" if later is None else f"step {later} does it properly",
        )


DETECTOR = Detector(code="X1", title="Malformed invocation", needs=Needs.TRANSCRIPT, detect=_detect)
