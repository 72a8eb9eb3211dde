"""Another problem was worked on than the one that was paged: nothing of the repair region was ever looked at."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_STEPS_MIN = 4


def _detect(reading: Reading) -> Iterator[Event]:
    if reading.end < _STEPS_MIN or reading.cause_named or not reading.facts:
        return
    if any(_touches_region(reading, at) for at in range(reading.end)):
        return
    elsewhere: dict[str, list[int]] = {}
    for at in range(reading.end):
        for entity in reading.named_in(at):
            elsewhere.setdefault(entity, []).append(at)
    if not elsewhere:
        return
    entity, steps = max(elsewhere.items(), key=lambda item: len(item[1]))
    wrote = [at for at in reading.writes if any(not reading.inside(c) for c in reading.changes(at))]
    if not wrote and len(steps) < _STEPS_MIN:
        return
    step = wrote[0] if wrote and wrote[0] < steps[0] else steps[0]
    yield Event(
        code="P3",
        step=step,
        quotes=[Quote(step=step, text=reading.steps[step].command[:300])],
        why=f"nothing of what had to be repaired was looked at by name or touched; {len(steps)} steps were about {entity}",
        subjects=[entity],
    )


def _touches_region(reading: Reading, at: int) -> bool:
    if any(reading.inside(change) for change in reading.changes(at)):
        return True
    if any(reading.in_region(entity) for entity in reading.named_in(at)):
        return True
    return bool(reading.steps[at].facts_shown)


DETECTOR = Detector(code="P3", title="Wrong objective or scope", needs=Needs.TRUTH, detect=_detect)
