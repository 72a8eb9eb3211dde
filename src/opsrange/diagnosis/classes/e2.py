"""An error was answered with what cures another kind of error."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import REMEDIES, Kind, Remedy, remedies_of
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event, Tier
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_NEXT = 4
_DISTINCT = frozenset(
    {Kind.DENIED, Kind.QUOTA, Kind.NOT_FOUND, Kind.NETWORK, Kind.INVALID, Kind.CONFLICT}
)
_TREATMENTS = frozenset(
    {Remedy.NETWORK, Remedy.RESTART, Remedy.QUOTA, Remedy.PERMISSION, Remedy.RESOURCES, Remedy.WAIT}
)
_MIN = 2


def _detect(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        mistake = next((each for each in mistakes if each.kind in _DISTINCT), None)
        if mistake is None or reading.repeats_failure(at):
            continue
        sound = REMEDIES[mistake.kind]
        followed: list[frozenset[Remedy]] = []
        for each in range(at + 1, min(at + 1 + _NEXT, reading.end)):
            if reading.repeats_failure(each):
                continue  # E3
            followed += [remedies_of(simple, call) for simple, call in reading.calls[each]]
        found = frozenset().union(*followed) if followed else frozenset()
        wrong = (found & _TREATMENTS) - sound
        answered = bool(found & sound) or reading.achieved_later(at) is not None
        treated = sum(bool(each & wrong) for each in followed)
        if answered or not wrong or treated < _MIN:
            continue
        yield Event(
            code="E2",
            step=at,
            tier=Tier.HEURISTIC,
            quotes=[Quote(step=at, text=mistake.line)],
            why=f"step {at} failed because of {mistake.kind}; what followed was to {', '.join(sorted(wrong))}, "
            f"and not to {' or '.join(sorted(sound))}",
        )


DETECTOR = Detector(
    code="E2", title="Wrong class of remedy", needs=Needs.TRANSCRIPT, detect=_detect
)
