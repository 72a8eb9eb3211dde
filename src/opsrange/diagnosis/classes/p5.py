"""One of several things to do was neither done nor reported as open."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.checklists import Item, lists, untried
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.funnel import report_words
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    if reading.attempt.report is None:
        return
    yield from _own_list(reading)
    yield from _causes(reading)


def _own_list(reading: Reading) -> Iterator[Event]:
    """Something on the agent's own list; where it did nothing of the list at all, that is another failure."""
    for at, items in lists(reading):
        left = untried(reading, at, items)
        dropped = [item for item in left if not _told(reading, item)]
        if not dropped or len(left) == len(items):
            continue
        yield Event(
            code="P5",
            quotes=[Quote(step=at, text=reading.steps[at].command[:300])],
            why=f"“{dropped[0].text}”, on its own list at step {at}, was neither done nor reported as open",
            subjects=[item.text for item in dropped],
        )


def _told(reading: Reading, item: Item) -> bool:
    return item.stem in report_words(reading.attempt.report)


def _causes(reading: Reading) -> Iterator[Event]:
    """One of several root causes."""
    evidence, report = reading.attempt.evidence, reading.attempt.report
    verdict = reading.attempt.verdict
    assert evidence is not None
    if verdict is None or verdict.diagnosis is None or len(evidence.truth.root_causes) < 2:
        return
    named = verdict.diagnosis.under(verdict.diagnosis.policy)
    if not named.true_positives and not reading.writes:
        return  # nothing was done at all: that is another failure
    for cause in named.missed:
        touched = any(
            change.entity == cause for at in reading.writes for change in reading.changes(at)
        )
        if not touched and cause.rpartition("/")[2] not in report_words(report):
            yield Event(
                code="P5",
                why=f"{cause} was neither repaired nor reported as open, though other parts were",
                subjects=[cause],
                harmed=True,
            )


DETECTOR = Detector(code="P5", title="Sub-goal dropped", needs=Needs.TRUTH, detect=_detect)
