"""A name was made up: nothing the agent had been told or shown contains it, and it does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.commands.requests import entity_of
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event, Tier
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_PARTS = re.compile(r"[-./:_]")
_FEW = 2


def _detect(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        made_up = [
            each
            for each in mistakes
            if each.kind is Kind.NOT_FOUND and each.word and not _grounded(reading, each.word, at)
        ]
        if not made_up or reading.repeats_failure(at):
            continue
        later = reading.achieved_later(at)
        probing = not reading.asks_for_change(at) and len(made_up) < _FEW and later is not None
        corrected = ""
        if probing:
            corrected = f"step {later} names what exists"
        elif later is not None:
            corrected = f"step {later} does it to what exists"
        yield Event(
            code="H3",
            step=at,
            quotes=[Quote(step=at, text=made_up[0].line)],
            why=f"step {at} names {made_up[0].word}, which nothing had shown and which does not exist",
            subjects=[each.word for each in made_up],
            corrected=corrected,
        )
    yield from _reported(reading)


def _grounded(reading: Reading, word: str, at: int) -> bool:
    """Whether a name was seen, or is put together from parts that were; a generated suffix cannot be put together."""
    if reading.seen_word(word, at):
        return True
    parts = [part for part in _PARTS.split(word) if part]
    return len(parts) > 1 and all(len(part) > 1 and reading.seen_word(part, at) for part in parts)


def _reported(reading: Reading) -> Iterator[Event]:
    """A cause in the report that its kind's listing, which the agent had, does not hold."""
    report = reading.attempt.report
    for cause in report.root_causes if report else []:
        namespace, kind, name = [*cause.entity.strip().split("/"), "", "", ""][:3]
        if not name or reading.cause_named or _grounded(reading, name, reading.end):
            continue
        listed = f"{namespace}/{kind}/"
        if any(entity_of(request) == listed for step in reading.steps for request in step.requests):
            why = f"the report blames {cause.entity}, which the listing of its kind does not hold"
            yield Event(
                code="H3", tier=Tier.HEURISTIC, why=why, subjects=[cause.entity], harmed=True
            )


DETECTOR = Detector(
    code="H3", title="Ungrounded identifier", needs=Needs.TRANSCRIPT, detect=_detect
)
