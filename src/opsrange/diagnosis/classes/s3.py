"""A setting was switched to and fro without anything having been looked at in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote, StateChange

_PAIRED = frozenset({"spec.paused", "spec.replicas", "spec.unschedulable"})
"""What is switched and switched back on purpose: pause and resume, scale to nothing and up, cordon and uncordon."""

_STATES = ("gone", "there")


def _detect(reading: Reading) -> Iterator[Event]:
    history: dict[str, list[tuple[int, StateChange]]] = {}
    for at in reading.writes:
        replaced = _replaced(reading.changes(at))
        for change in reading.changes(at):
            note = change.path.startswith(("metadata.annotations", "metadata.labels"))
            if change.path and change.verb == "update" and not note:
                history.setdefault(change.place, []).append((at, change))
            elif change.verb in {"create", "delete"} and change.entity not in replaced:
                history.setdefault(change.place, []).append((at, _existence(change)))
    for place, rows in history.items():
        if rows[0][1].verb == "create" and not reading.inside(rows[0][1]):
            continue  # what the agent made there is its own tool
        turns = [
            (one, other)
            for one, other in pairwise(rows)
            if other[1].new == one[1].old and other[1].old == one[1].new
        ]
        if not turns:
            continue
        (first, there), (second, back) = turns[0]
        again = len(turns) > 1
        looked = any(
            reading.looks_at_region(at) or reading.looks_at_users(at)
            for at in range(first + 1, second)
        )
        whole = reading.sends_whole(second)
        paired = back.path in _PAIRED
        if not again and (looked or whole or paired):
            continue  # an attempt that was looked at and taken back, a stale copy (S2), or two halves of one thing
        last, final = turns[-1][1]
        yield Event(
            code="S3",
            step=second,
            quotes=[Quote(step=second, text=reading.steps[second].command[:300])],
            why=f"{place} went from {there.old!r} to {there.new!r} at step {first} and back at step {second}, "
            f"{'again and again' if again else 'with nothing read in between'}",
            subjects=[back.entity],
            corrected=reading.set_again(final, last),
        )


def _replaced(changes: Sequence[StateChange]) -> set[str]:
    """Objects that one step both deleted and made: its way to change them."""
    verbs: dict[str, set[str]] = {}
    for change in changes:
        verbs.setdefault(change.entity, set()).add(change.verb)
    return {entity for entity, seen in verbs.items() if {"create", "delete"} <= seen}


def _existence(change: StateChange) -> StateChange:
    """That an object is there, as a setting."""
    there = change.verb == "create"
    return change.model_copy(update={"old": _STATES[not there], "new": _STATES[there]})


DETECTOR = Detector(code="S3", title="Oscillation", needs=Needs.TRACE, detect=_detect)
