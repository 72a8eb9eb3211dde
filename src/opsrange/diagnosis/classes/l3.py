"""A value was misread: the report's number or unit contradicts the one that was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event, Tier
from opsrange.diagnosis.quoting import clock_times, quantities, same_dimension, without_numbers
from opsrange.diagnosis.reading import Reading, plain
from opsrange.trace import Quote, Report

_ZONE_HOURS = range(1, 15)


def _detect(reading: Reading) -> Iterator[Event]:
    report = reading.attempt.report
    if report is None:
        return
    corpus = [reading.answered, *(reading.shown(at) for at in range(reading.end))]
    commands = "\n".join(step.command for step in reading.steps)
    yield from _quantities(reading, report, corpus, commands)
    yield from _quotes(reading, report)
    yield from _clocks(reading, report, corpus)


def _said(report: Report) -> str:
    return "\n".join([report.summary, *(cause.mechanism for cause in report.root_causes)])


def _quantities(
    reading: Reading, report: Report, corpus: list[str], commands: str
) -> Iterator[Event]:
    """The same number with another unit of the same dimension, where only the other one was ever shown."""
    shown = {(each.number, each.unit) for text in [*corpus, commands] for each in quantities(text)}
    for claim in quantities(_said(report)):
        if not claim.dimension or (claim.number, claim.unit) in shown:
            continue
        others = [unit for number, unit in shown if number == claim.number and unit != claim.unit]
        close = [unit for unit in others if same_dimension(unit, claim.unit)]
        if not close:
            continue
        step = _where(reading, re.compile(rf"\b{re.escape(claim.number)}\s?{re.escape(close[0])}"))
        yield Event(
            code="L3",
            step=step,
            quotes=[] if step is None else [Quote(step=step, text=f"{claim.number}{close[0]}")],
            why=f"the report says {claim.written}; what was shown is {claim.number}{close[0]}",
            harmed=True,
        )


def _quotes(reading: Reading, report: Report) -> Iterator[Event]:
    """A quote that is right but for a number."""
    for cause in report.root_causes:
        for quote in cause.evidence:
            if not 0 <= quote.step < reading.end or len(quote.text.split()) < 2:
                continue
            shown = reading.shown(quote.step)
            if plain(quote.text) not in plain(shown) and without_numbers(
                quote.text
            ) in without_numbers(shown):
                why = f"the report quotes step {quote.step} with another number than it showed"
                yield Event(code="L3", step=quote.step, quotes=[quote], why=why, harmed=True)


def _clocks(reading: Reading, report: Report, corpus: list[str]) -> Iterator[Event]:
    """A time of day that is right but for whole hours: another time zone."""
    shown = {(hour, minute) for text in corpus for hour, minute, _ in clock_times(text)}
    for hour, minute, written in clock_times(_said(report)):
        shifted = any(
            ((hour + by) % 24, minute) in shown for by in (*_ZONE_HOURS, *(-h for h in _ZONE_HOURS))
        )
        if (hour, minute) not in shown and shifted:
            why = f"the report says {written}; only times shifted by whole hours were shown"
            yield Event(code="L3", tier=Tier.HEURISTIC, why=why, harmed=True)


def _where(reading: Reading, pattern: re.Pattern[str]) -> int | None:
    return next((at for at in range(reading.end) if pattern.search(reading.shown(at))), None)


DETECTOR = Detector(code="L3", title="Misread", needs=Needs.TRANSCRIPT, detect=_detect)
