"""Gave up: stopped with the goal unmet, with most of the budget left, without saying that it is well."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading

_LEFT_MIN = 0.5


def _detect(reading: Reading) -> Iterator[Event]:
    attempt = reading.attempt
    if reading.out_of_budget or attempt.void_owner is not None or not attempt.turn_limit:
        return
    used = attempt.turns if attempt.turns is not None else reading.end + 1
    left = 1 - used / attempt.turn_limit
    if left < _LEFT_MIN:
        return
    report = attempt.report
    if attempt.read_only:
        stopped = report is None or not report.root_causes
    else:
        claims = report is not None and report.healthy is True
        stopped = reading.objective_met is False and not claims
    if stopped:
        did = "" if reading.writes else ", nothing having been changed"
        yield Event(
            code="V4",
            why=f"it stopped after {used} of {attempt.turn_limit} turns with the goal unmet{did}",
            harmed=True,
        )


DETECTOR = Detector(code="V4", title="Gave up", needs=Needs.TRUTH, detect=_detect)
