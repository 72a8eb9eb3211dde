"""One wrong assumption made many later commands fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import normalised
from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_FAILURES_MIN = 3
_WORD = re.compile(r"[a-z0-9][a-z0-9./_-]{2,}")
_EMPTY = re.compile(r"No resources found(?: in (\S+) namespace)?")


def _detect(reading: Reading) -> Iterator[Event]:
    failing: dict[str, dict[str, int]] = {}
    for at, step in enumerate(reading.steps):
        for word in _blamed(reading, at):
            failing.setdefault(word, {}).setdefault(normalised(step.command), at)
    for word, commands in failing.items():
        steps = sorted(commands.values())
        if len(steps) < _FAILURES_MIN:
            continue
        root = next(at for at in range(reading.end) if word in reading.steps[at].command)
        after = range(steps[-1] + 1, reading.end)
        back = next(
            (
                at
                for at in after
                if word not in reading.steps[at].command and not reading.failed(at)
            ),
            None,
        )
        yield Event(
            code="E4",
            step=root,
            quotes=[Quote(step=at, text=_line(reading, at)) for at in steps[:3]],
            why=f"{word}, assumed at step {root}, made {len(steps)} different commands fail, up to step {steps[-1]}",
            subjects=[word],
            corrected=""
            if back is None or not reading.achieved_later(steps[-1])
            else f"step {back} does without it",
        )


def _blamed(reading: Reading, at: int) -> set[str]:
    """The names of a command that its own errors are about, and a namespace in which nothing was found."""
    named = {
        each.word
        for each in reading.mistakes[at]
        if each.kind in {Kind.NOT_FOUND, Kind.NO_FILE} and each.word
    }
    empty = _EMPTY.search(reading.shown(at))
    if empty and empty[1]:
        named.add(empty[1].rstrip("."))
    spaces = {call.namespace for call in reading.kubectl(at) if call.namespace}
    if reading.failed(at) and spaces and reading.namespace not in {*spaces, ""}:
        named |= spaces
    return {word for word in named if word in reading.steps[at].command}


def _line(reading: Reading, at: int) -> str:
    return next((each.line for each in reading.mistakes[at]), reading.shown(at).strip()[:200])


DETECTOR = Detector(code="E4", title="Cascade", needs=Needs.TRANSCRIPT, detect=_detect)
