"""Evidence was made up: the quoted words are in no output."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.quoting import without_numbers
from opsrange.diagnosis.reading import Reading, plain
from opsrange.trace import Quote

_PART_CHARS_MIN = 4


def _detect(reading: Reading) -> Iterator[Event]:
    report = reading.attempt.report
    quotes = [quote for cause in report.root_causes for quote in cause.evidence] if report else []
    for quote in quotes:
        if not quote.text.strip() or _found_anywhere(reading, quote):
            continue
        there = 0 <= quote.step < reading.end
        if there and without_numbers(quote.text) in without_numbers(reading.shown(quote.step)):
            continue  # misread, not made up: L3
        why = (
            f"the report quotes step {quote.step}, whose output does not contain the words, nor does any other"
            if there
            else f"the report quotes step {quote.step}, which does not exist, and no output contains the words"
        )
        yield Event(code="L5", quotes=[quote], why=why, harmed=True)


def _found_anywhere(reading: Reading, quote: Quote) -> bool:
    """Whether each part of a quote, cut at ellipses, was shown; citing the wrong step is a slip, not an invention."""
    parts = [
        part
        for part in re.split(r"\.\.\.|…|\n", quote.text)
        if len(part.strip()) >= _PART_CHARS_MIN
    ]
    texts = [plain(reading.answered)]
    for at in range(reading.end):
        texts += [plain(reading.shown(at)), plain(reading.steps[at].command)]
    return all(any(plain(part) in text for text in texts) for part in parts or [quote.text])


DETECTOR = Detector(code="L5", title="Fabricated evidence", needs=Needs.TRANSCRIPT, detect=_detect)
