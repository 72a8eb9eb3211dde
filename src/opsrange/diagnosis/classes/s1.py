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
    seen: dict[tuple[str, str], list[int]] = {}
    last_write = -1
    for at, step in enumerate(reading.steps):
        if reading.changes(at):
            seen.clear()
            last_write = at
            continue
        if step.exit_code != 0 or _WAITS.search(step.command):
            continue
        seen.setdefault((normalised(step.command), reading.still(at)), []).append(at)
    for (command, _), steps in seen.items():
        needed = _REPEATS_MIN if last_write < 0 else _AFTER_WRITE_MIN
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


def _world_moved(reading: Reading, steps: list[int]) -> bool:
    """Whether the world changed what was looked at in between, which excuses looking again."""
    between = range(steps[0] + 1, steps[-1] + 1)
    words = set(re.findall(r"[a-z][a-z0-9-]{3,}", reading.steps[steps[0]].command))
    return any(
        change.entity.rpartition("/")[2].split("-")[0] in {word.split("-")[0] for word in words}
        for at in between
        for change in reading.steps[at].consequences
    )


DETECTOR = Detector(code="S1", title="Loop", needs=Needs.TRANSCRIPT, detect=_detect)
