"""An error was answered with what cures another kind of error."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import REMEDIES, Kind, Remedy, remedies_of
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event, Tier
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_NEXT = 4
_MIN = 2
_MOST = 0.75
"""So many of the steps after the error, and such a share of them, are about something else than what failed."""
_DISTINCT = frozenset(
    {Kind.DENIED, Kind.QUOTA, Kind.NOT_FOUND, Kind.NETWORK, Kind.INVALID, Kind.CONFLICT}
)
_AREAS = frozenset({Remedy.NETWORK, Remedy.QUOTA, Remedy.PERMISSION})
"""Where one looks only for a reason of that kind."""
_TREATMENTS = frozenset({Remedy.RESTART, Remedy.RESOURCES})
"""What answers an error only when done to the very thing that failed; otherwise it is the work going on."""


def _detect(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        mistake = next((each for each in mistakes if each.kind in _DISTINCT), None)
        if mistake is None or reading.repeats_failure(at):
            continue
        sound = REMEDIES[mistake.kind]
        following = [
            each
            for each in range(at + 1, min(at + 1 + _NEXT, reading.end))
            if not reading.repeats_failure(each)  # E3
        ]
        answers = {each: _remedies(reading, each) for each in following}
        wrong = {each: _wrong(reading, at, each) - sound for each in following}
        treated = [each for each in following if wrong[each]]
        answered = any(answers[each] & sound for each in following) or _done_later(reading, at)
        probes = sum(_probes(reading, each) for each in treated)
        if answered or len(treated) < max(_MIN, _MOST * len(following)):
            continue
        if 2 * probes < len(treated):
            continue  # looks at the incident: the work goes on
        named = sorted(frozenset().union(*(wrong[each] for each in treated)))
        yield Event(
            code="E2",
            step=treated[0],
            tier=Tier.HEURISTIC,
            quotes=[Quote(step=at, text=mistake.line)],
            why=f"step {at} failed because of {mistake.kind}; what followed was to {', '.join(named)}, "
            f"and not to {' or '.join(sorted(sound))}",
        )


def _remedies(reading: Reading, at: int) -> frozenset[Remedy]:
    """The kinds of answers that a step may be."""
    return frozenset().union(*(remedies_of(simple, call) for simple, call in reading.calls[at]))


def _wrong(reading: Reading, at: int, later: int) -> frozenset[Remedy]:
    """The kinds of answers that a step is, if it answers the error of step ``at`` at all."""
    same = set(reading.named_in(at)) & set(reading.named_in(later))
    return _remedies(reading, later) & (_AREAS | _TREATMENTS if same else _AREAS)


def _probes(reading: Reading, at: int) -> bool:
    """Whether a step treats something, or asks only whether a server can be reached; no look at the estate."""
    return any(
        remedies_of(simple, call) and (call is None or call.word != "get")
        for simple, call in reading.calls[at]
    )


def _done_later(reading: Reading, at: int) -> bool:
    """Whether what failed was done after all: the same again, or another change of the same thing."""
    meant = set(reading.named_in(at))
    return reading.achieved_later(at) is not None or any(
        change.entity in meant
        for later in reading.writes
        if later > at
        for change in reading.changes(later)
    )


DETECTOR = Detector(
    code="E2", title="Wrong class of remedy", needs=Needs.TRANSCRIPT, detect=_detect
)
