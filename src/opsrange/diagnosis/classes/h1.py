"""A tool, flag, field or type of object was invented: it resembles nothing that exists."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import invented
from opsrange.diagnosis.commands.kubectl import Kubectl
from opsrange.diagnosis.commands.mistakes import Kind, Mistake
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        calls = list(reading.kubectl(at))
        bad = [
            each
            for each in mistakes
            if each.kind in {Kind.USAGE, Kind.FIELD}
            and invented(each, calls)
            and not _guessed_type(each, calls)
        ]
        if not bad or reading.repeats_failure(at):
            continue
        later = reading.achieved_later(at)
        yield Event(
            code="H1",
            step=at,
            quotes=[Quote(step=at, text=bad[0].line)],
            why=f"step {at} uses {bad[0].word or 'something'}, which does not exist: {bad[0].line[:140]}",
            subjects=[bad[0].word] if bad[0].word else [],
            corrected="" if later is None else f"step {later} does without",
        )


def _guessed_type(mistake: Mistake, calls: list[Kubectl]) -> bool:
    """A type of object that other clusters have may be asked for; it is a question, not an invention."""
    return (
        mistake.kind is Kind.FIELD
        and "resource type" in mistake.line
        and not any(c.asks_for_change for c in calls)
    )


DETECTOR = Detector(
    code="H1", title="Unknown tool, flag or field", needs=Needs.TRANSCRIPT, detect=_detect
)
