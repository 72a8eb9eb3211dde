"""A value was misread: the number, unit or state in the report contradicts the one that was shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event, Tier
from opsrange.diagnosis.quoting import (
    READY,
    STATE,
    alike,
    clock_times,
    measurements,
    metric_units,
    quantities,
    replicas_claimed,
    same_dimension,
    states_claimed,
    without_numbers,
)
from opsrange.diagnosis.reading import Reading, plain
from opsrange.trace import Quote, Report

_ZONE_HOURS = range(1, 15)
_ROW = re.compile(r"[a-z0-9][a-z0-9.-]+(  |\t)")
"""How a line of a table begins."""


def _detect(reading: Reading) -> Iterator[Event]:
    report = reading.attempt.report
    if report is None:
        return
    corpus = [reading.answered, *(reading.shown(at) for at in range(reading.end))]
    commands = "\n".join(step.command for step in reading.steps)
    yield from _quantities(reading, report, corpus, commands)
    yield from _quotes(reading, report)
    yield from _clocks(reading, report, corpus)
    yield from _units_of_metrics(reading, report)
    yield from _states(reading, report)
    yield from _counts(reading, report)


def _said(report: Report) -> str:
    return "\n".join([report.summary, *(cause.mechanism for cause in report.root_causes)])


def _quantities(
    reading: Reading, report: Report, corpus: list[str], commands: str
) -> Iterator[Event]:
    """The same number with another unit of the same dimension, where only the other one was ever shown."""
    shown = {(each.number, each.unit) for text in [*corpus, commands] for each in quantities(text)}
    for claim in measurements(_said(report)):
        if not claim.dimension or (claim.number, claim.unit) in shown:
            continue
        others = sorted(unit for number, unit in shown if number == claim.number)
        if any(alike(unit, claim.unit) for unit in others):
            continue
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


def _units_of_metrics(reading: Reading, report: Report) -> Iterator[Event]:
    """A bare number of a metric whose name holds its unit, reported with another unit."""
    for claim in measurements(_said(report)):
        for at, step in enumerate(reading.steps):
            units = set(metric_units(step.command))
            shown = re.search(rf"(?<![\d.]){re.escape(claim.number)}(?![\d.])", reading.shown(at))
            if not shown or len(units) != 1 or any(alike(each, claim.unit) for each in units):
                continue
            unit = units.pop()
            if same_dimension(unit, claim.unit):
                yield Event(
                    code="L3",
                    step=at,
                    quotes=[Quote(step=at, text=reading.quote_of(at, claim.number))],
                    why=f"the report says {claim.written}; step {at} showed {claim.number} of a metric in {unit}",
                    harmed=True,
                )
                return


def _states(reading: Reading, report: Report) -> Iterator[Event]:
    """A thing is said to be in a state of which no row of it ever told, though rows told another one."""
    for name, state in states_claimed(_said(report)):
        told = re.compile(rf"\b{state}\b")
        rows = list(_rows_about(reading, name))
        others = [(at, row) for at, row in rows if STATE.search(row)]
        if not others or any(told.search(row) for _, row in rows):
            continue
        if any(_told_of(reading, at, name, told) for at in range(reading.end)):
            continue
        at, row = others[-1]
        why = f"the report says that {name} is {state}; no row about it does, and step {at} showed another state"
        yield _against_a_row(at, row, why)


def _counts(reading: Reading, report: Report) -> Iterator[Event]:
    """Another number of ready replicas than the last row of the thing showed, with nothing changed since."""
    for name, ready in replicas_claimed(_said(report)):
        shown = [
            (at, row, int(found[1]))
            for at, row in _rows_about(reading, name)
            if row.split()[0].rpartition("/")[2] == name and (found := READY.search(row))
        ]
        if not shown:
            continue
        at, row, number = shown[-1]
        if number == ready or any(later > at for later in reading.writes):
            continue
        why = (
            f"the report says that {ready} replicas of {name} are ready; step {at} showed {number}"
        )
        yield _against_a_row(at, row, why)


def _against_a_row(at: int, row: str, why: str) -> Event:
    quote = Quote(step=at, text=row.strip()[:300])
    return Event(code="L3", step=at, tier=Tier.HEURISTIC, quotes=[quote], why=why, harmed=True)


def _rows_about(reading: Reading, name: str) -> Iterator[tuple[int, str]]:
    """Every shown line that holds a name, or one of its pods'."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![a-z0-9])")
    for at in range(reading.end):
        for row in reading.shown(at).splitlines():
            if pattern.search(row):
                yield at, row


def _told_of(reading: Reading, at: int, name: str, told: re.Pattern[str]) -> bool:
    """Whether a step that is about a thing showed a state otherwise than in a row of something else."""
    shown = reading.shown(at)
    if name not in reading.steps[at].command and name not in shown:
        return False
    return any(told.search(line) and not _ROW.match(line) for line in shown.splitlines())


def _where(reading: Reading, pattern: re.Pattern[str]) -> int | None:
    return next((at for at in range(reading.end) if pattern.search(reading.shown(at))), None)


DETECTOR = Detector(code="L3", title="Misread", needs=Needs.TRANSCRIPT, detect=_detect)
