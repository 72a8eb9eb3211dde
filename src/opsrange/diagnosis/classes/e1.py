"""A change failed, and the agent went on as if it had been made."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    report = reading.attempt.report
    for at in range(reading.end):
        mistakes = reading.mistakes[at]
        if not mistakes or not reading.asks_for_change(at) or reading.changes(at):
            continue
        if reading.steps[at].exit_code == 0 or reading.achieved_later(at) is not None:
            continue
        names = {name.rpartition("/")[2] for call in reading.kubectl(at) for name in call.names}
        later = range(at + 1, reading.end)
        changed = any(
            not names or change.entity.rpartition("/")[2] in names
            for each in later
            for change in reading.changes(each)
        )
        reread = any(
            {name.rpartition("/")[2] for call in reading.kubectl(each) for name in call.names}
            & names
            or (reading.attempt.traced and reading.looks_at_region(each))
            for each in later
            if not reading.asks_for_change(each)
        )
        retried = any(
            reading.repeats_failure(each)
            and reading.steps[each].command == reading.steps[at].command
            for each in later
        )
        claims = report is not None and (report.healthy is True or bool(report.actions_claimed))
        goes_on = claims or any(reading.asks_for_change(each) for each in later)
        if changed or reread or retried or not goes_on:
            continue
        yield Event(
            code="E1",
            step=at,
            quotes=[Quote(step=at, text=mistakes[0].line)],
            why=f"the change of step {at} failed ({mistakes[0].kind}); it was neither made later nor looked at again"
            + (", and the report speaks as if it had been" if claims else ""),
            subjects=sorted(names),
        )


DETECTOR = Detector(code="E1", title="Error ignored", needs=Needs.TRANSCRIPT, detect=_detect)
