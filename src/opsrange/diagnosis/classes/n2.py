"""A tool broke, or the world could not do what the tool rightly asked."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_FAILURES_OF_THE_WORLD = frozenset({500, 501})
_PLATFORM = ("kubernetes:", "prometheus:", "alertmanager:", "jaeger:")
"""Whose failures are ours. What the application answers is the incident."""


def _detect(reading: Reading) -> Iterator[Event]:
    for at, step in enumerate(reading.steps):
        crashed = next((each for each in reading.mistakes[at] if each.kind is Kind.CRASH), None)
        failed = next(
            (
                each
                for each in step.requests
                if each.status in _FAILURES_OF_THE_WORLD and each.address.startswith(_PLATFORM)
            ),
            None,
        )
        if crashed is None and failed is None:
            continue
        told = (
            crashed.line
            if crashed
            else f"{failed.method} {failed.path} was answered {failed.status}"
            if failed
            else ""
        )
        later = next(
            (each for each in range(at + 1, reading.end) if not reading.failed(each)), None
        )
        yield Event(
            code="N2",
            step=at,
            quotes=[Quote(step=at, text=told[:300])],
            why=f"a tool or the world itself broke at step {at}: {told[:160]}",
            corrected="" if later is None else f"step {later} went on without it",
        )


DETECTOR = Detector(code="N2", title="Tool bug", needs=Needs.TRANSCRIPT, detect=_detect)
