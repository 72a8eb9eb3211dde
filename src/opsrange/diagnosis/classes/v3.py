"""The goal had been reached, and was lost by a later change, or the budget by going on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote, StateChange

_WELL = 0.98
_GOING_ON_MIN = 12


def _detect(reading: Reading) -> Iterator[Event]:
    well = _well_from(reading)
    if well is None:
        return
    later = [at for at in reading.writes if at > well]
    if reading.objective_met is False and later:
        at = next((each for each in later if _undoes(reading, each)), None)
        if at is not None:
            yield Event(
                code="V3",
                step=at,
                quotes=[Quote(step=at, text=reading.steps[at].command[:300])],
                why=f"all journeys were well after step {well}; step {at} changed {reading.changes(at)[0].entity}, and they are not at the end",
                subjects=[change.entity for change in reading.changes(at)][:5],
                harmed=True,
            )
    if (
        reading.out_of_budget
        and reading.attempt.report is None
        and reading.end - well > _GOING_ON_MIN
    ):
        yield Event(
            code="V3",
            step=well,
            why=f"all journeys were well after step {well}; {reading.end - well - 1} more steps followed, and no report",
            harmed=True,
        )


def _well_from(reading: Reading) -> int | None:
    """The first step after a change of the agent's at which every journey was well again, having been unwell."""
    ill = False
    for at, step in enumerate(reading.steps):
        if not step.health:
            continue
        worst = min(step.health.values())
        if worst < _WELL:
            ill = True
        elif ill and reading.writes and reading.writes[0] <= at:
            return at
    return None


def _undoes(reading: Reading, at: int) -> bool:
    """Whether service levels fell after a step, or it harmed what it changed, or took back what a repair had set."""
    after = [min(step.health.values()) for step in reading.steps[at:] if step.health]
    fell = bool(after) and min(after) < _WELL
    earlier = [change for each in reading.writes if each < at for change in reading.changes(each)]
    takes_back = any(
        row.place == change.place and row.old == change.new and reading.inside(row)
        for change in reading.changes(at)
        for row in earlier
    )
    return fell or takes_back or any(_harms(reading, row, earlier) for row in reading.changes(at))


def _harms(reading: Reading, change: StateChange, earlier: Sequence[StateChange]) -> bool:
    """Whether a major side effect stands at the end that this change, and none before it, brought about."""
    if any(row.place == change.place for row in earlier):
        return False
    return any(
        finding.entity == change.entity and (finding.path == change.path or change.verb == "delete")
        for finding in reading.harms
    )


DETECTOR = Detector(code="V3", title="Overrun or relapse", needs=Needs.TRUTH, detect=_detect)
