"""A write put back a value that had been read before somebody changed it."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading, generated
from opsrange.trace import Quote, StateChange

_WELL = 0.98
"""Share of requests served, of every journey, above which nothing calls for a change."""


def _detect(reading: Reading) -> Iterator[Event]:
    yield from _overwritten(reading)
    yield from _brought_back(reading)
    yield from _refused(reading)
    yield from _gone(reading)


def _overwritten(reading: Reading) -> Iterator[Event]:
    """Others moved a field from v1 to v2; the agent, who had seen v1 only, sets it to v1 again. Or it undoes its own change by
    sending a whole object that it had read before."""
    for at in reading.writes:
        for change in reading.changes(at):
            if not change.path or change.new is None:
                continue
            moved = _moved(reading, at, change)
            if moved is None:
                continue
            looked = reading.looked_at(change.entity, moved + 1, at)
            if looked and not _from_an_old_copy(reading, at, change, moved):
                continue
            yield Event(
                code="S2",
                step=at,
                quotes=[Quote(step=at, text=reading.steps[at].command[:300])],
                why=f"step {at} set {change.place} to {change.new!r}, as it was before step {moved} changed it to {change.old!r}",
                subjects=[change.entity],
                corrected=reading.set_again(change, at),
            )
            break


def _from_an_old_copy(reading: Reading, at: int, change: StateChange, moved: int) -> bool:
    """Whether a whole object, read before its own repair, was sent when nothing called for taking that repair back."""
    health = reading.steps[at - 1].health if at else {}
    return (
        reading.sends_whole(at)
        and any(row.place == change.place for row in reading.changes(moved))
        and reading.inside(change)
        and bool(health)
        and min(health.values()) >= _WELL
    )


def _brought_back(reading: Reading) -> Iterator[Event]:
    """What a repair had removed was made again from a copy read before it, when nothing called for that."""
    for at in reading.writes:
        health = reading.steps[at - 1].health if at else {}
        if not _from_a_file(reading, at) or not health or min(health.values()) < _WELL:
            continue
        for change in reading.changes(at):
            removed = _removed(reading, change.entity, at)
            if change.verb != "create" or removed is None or not reading.inside(change):
                continue
            if not reading.looked_at(change.entity, 0, removed):
                continue
            again = _removed(reading, change.entity, reading.end)
            yield Event(
                code="S2",
                step=at,
                quotes=[Quote(step=at, text=reading.steps[at].command[:300])],
                why=f"step {at} made {change.entity} again, as it was before step {removed} removed it",
                subjects=[change.entity],
                corrected="" if again is None or again < at else f"step {again} removed it again",
            )


def _from_a_file(reading: Reading, at: int) -> bool:
    return reading.sends_whole(at) or any(call.word == "create" for call in reading.kubectl(at))


def _removed(reading: Reading, entity: str, before: int) -> int | None:
    """The last step in which the agent deleted an object."""
    found = [
        at
        for at in range(before)
        if any(row.verb == "delete" and row.entity == entity for row in reading.changes(at))
    ]
    return found[-1] if found else None


def _moved(reading: Reading, at: int, change: StateChange) -> int | None:
    whole = reading.sends_whole(at)
    for each in range(at - 1, -1, -1):
        step = reading.steps[each]
        rows = [*step.consequences, *(step.changes if whole else [])]
        for row in rows:
            own = row.actor == "agent"
            if row.place == change.place and row.old == change.new and (whole or not own):
                return each
    return None


def _refused(reading: Reading) -> Iterator[Event]:
    for at, mistakes in enumerate(reading.mistakes):
        stale = next((each for each in mistakes if each.kind is Kind.CONFLICT), None)
        if stale is None:
            continue
        meant = set(reading.named_in(at))
        later = next(
            (
                each
                for each in range(at + 1, reading.end)
                if any(not meant or change.entity in meant for change in reading.changes(each))
            ),
            None,
        )
        yield Event(
            code="S2",
            step=at,
            quotes=[Quote(step=at, text=stale.line)],
            why=f"step {at} sent an object that had changed since it was read",
            corrected="" if later is None else f"step {later} made a change that was accepted",
        )


def _gone(reading: Reading) -> Iterator[Event]:
    """A name that was there when it was read, and has been replaced since."""
    for at, mistakes in enumerate(reading.mistakes):
        for mistake in mistakes:
            if mistake.kind is not Kind.NOT_FOUND or not mistake.word:
                continue
            if _checks_removal(reading, at, mistake.word):
                continue  # what was to be seen
            if reading.gone(mistake.word, at):
                later = reading.achieved_later(at)
                yield Event(
                    code="S2",
                    step=at,
                    quotes=[Quote(step=at, text=mistake.line)],
                    why=f"step {at} names {mistake.word}, which had gone by then",
                    subjects=[mistake.word],
                    corrected="" if later is None else f"step {later} names what is there",
                )


def _checks_removal(reading: Reading, at: int, name: str) -> bool:
    """Whether a step only looks whether something is there that the agent deleted; a generated name does not come back."""
    looks = all(call.word in {"get", "describe"} for call in reading.kubectl(at))
    return looks and not generated(name) and reading.gone(name, at, by_agent=True)


DETECTOR = Detector(code="S2", title="Stale belief", needs=Needs.TRACE, detect=_detect)
