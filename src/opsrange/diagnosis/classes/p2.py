"""Something was changed before all that decides the case had been seen."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    if not reading.facts or not reading.writes:
        return
    informed = reading.informed_from
    early = [at for at in reading.writes if informed is None or at < informed - 1]
    for at in early:
        # taking notes in an annotation, or making a pod to look from, is no treatment
        if all(change.verb == "create" for change in reading.changes(at)):
            continue
        wrong = any(not reading.inside(change) for change in reading.changes(at))
        harmed = any(reading.harmed_by(change) for change in reading.changes(at))
        missing = [
            fact.id
            for fact in reading.facts
            if (shown := reading.first_shown(fact.id)) is None or shown > at
        ]
        yield Event(
            code="P2",
            step=at,
            quotes=[Quote(step=at, text=reading.steps[at].command[:300])],
            why=f"step {at} changed {reading.changes(at)[0].entity} before {', '.join(missing)} had been shown",
            subjects=sorted({change.entity for change in reading.changes(at)}),
            corrected=""
            if wrong or harmed or not reading.objective_met
            else "it was the right thing all the same",
            harmed=harmed and wrong,
        )
        return


DETECTOR = Detector(code="P2", title="Acted before diagnosis", needs=Needs.TRUTH, detect=_detect)
