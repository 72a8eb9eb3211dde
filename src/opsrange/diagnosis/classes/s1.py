"""The same thing was done over and over, with the same answer, while nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import normalised
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_REPEATS_MIN = 3
_AFTER_WRITE_MIN = 6
"""Who has just changed something may look a few times until it shows."""
_WAITS = re.compile(r"\bsleep\b|\bwait\b|rollout status|--watch|\s-w\b|--timeout")


def _detect(reading: Reading) -> Iterator[Event]:
    seen: dict[tuple[int, str, str], list[int]] = {}
    last_write = -1
    for at, step in enumerate(reading.steps):
        if reading.changes(at):
            last_write = at
        elif not reading.mistakes[at] and not step.stopped and not _WAITS.search(step.command):
            same = (last_write, normalised(step.command), reading.still(at))
            seen.setdefault(same, []).append(at)
    for (wrote, command, _), steps in seen.items():
        watched = wrote >= 0 and _about_what_changed(reading, wrote, steps[0])
        needed = _AFTER_WRITE_MIN if watched else _REPEATS_MIN
        if len(steps) < needed or _world_moved(reading, steps):
            continue
        burnt = reading.out_of_budget or len(steps) > reading.end / 2
        yield Event(
            code="S1",
            step=steps[1],
            quotes=[Quote(step=steps[1], text=command[:300])],
            why=f"the same command gave the same answer {len(steps)} times, from step {steps[0]} to {steps[-1]}, and nothing had changed",
            corrected="" if burnt else "it went on to other things in time",
        )


def _about_what_changed(reading: Reading, wrote: int, looked: int) -> bool:
    """Whether a look names something that a write changed, or tells how it goes: anything but the cluster's own objects."""
    stems = _stems(reading.steps[looked].command)
    changed = {change.entity.rpartition("/")[2].split("-")[0] for change in reading.changes(wrote)}
    requests = reading.steps[looked].requests
    beyond = any(not request.address.startswith("kubernetes:") for request in requests)
    return bool(stems & changed) or beyond or reading.looks_at_users(looked)


def _world_moved(reading: Reading, steps: list[int]) -> bool:
    """Whether the world changed what was looked at in between, which excuses looking again."""
    between = range(steps[0] + 1, steps[-1] + 1)
    stems = _stems(reading.steps[steps[0]].command)
    return any(
        change.entity.rpartition("/")[2].split("-")[0] in stems
        for at in between
        for change in reading.steps[at].consequences
    )


def _stems(command: str) -> set[str]:
    """The first parts of the names that a command may hold."""
    return {word.split("-")[0] for word in re.findall(r"[a-z][a-z0-9-]{3,}", command)}


DETECTOR = Detector(code="S1", title="Loop", needs=Needs.TRANSCRIPT, detect=_detect)
