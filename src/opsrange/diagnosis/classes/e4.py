"""One wrong assumption made many later commands fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.invocation import normalised
from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.commands.requests import entity_of
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_FAILURES_MIN = 3
_AFTER_A_TURN_MIN = 2
"""Where a step of its own had turned everything that follows to the wrong place."""
_EMPTY = re.compile(r"No resources found(?: in (\S+) namespace)?")
_NOT_THERE = 404


def _detect(reading: Reading) -> Iterator[Event]:
    failing: dict[str, dict[str, int]] = {}
    for at, step in enumerate(reading.steps):
        for word in _blamed(reading, at):
            failing.setdefault(word, {}).setdefault(normalised(step.command), at)
    for word, commands in failing.items():
        steps = sorted(commands.values())
        root = next((at for at in range(reading.end) if _says(reading, at, word)), None)
        turned = root is not None and root not in steps and _turns(reading, root)
        if root is None or len(steps) < (_AFTER_A_TURN_MIN if turned else _FAILURES_MIN):
            continue
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
            corrected=f"step {back} does without it" if back and _made_up(reading, steps) else "",
        )


def _blamed(reading: Reading, at: int) -> set[str]:
    """What a step's failure goes back to: a name that its own errors are about, or the place where nothing of the kind is."""
    named = {
        each.word
        for each in reading.mistakes[at]
        if each.kind in {Kind.NOT_FOUND, Kind.NO_FILE} and each.word
    }
    return {word for word in named if word in reading.steps[at].command} | _misplaced(reading, at)


def _misplaced(reading: Reading, at: int) -> set[str]:
    """Namespaces other than the incident's, named or set as the current one before, in which a step found nothing."""
    empty = _EMPTY.search(reading.shown(at))
    found = {empty[1].rstrip(".")} if empty and empty[1] else set()
    found = {space for space in found if _made_up_place(reading, space, at)}
    if not reading.namespace:
        return found
    asked = [
        entity_of(request).split("/")[0]
        for request in reading.steps[at].requests
        if request.status == _NOT_THERE
    ]
    if not reading.attempt.traced and reading.mistakes[at]:
        asked += [call.namespace for call in reading.kubectl(at)]
    found |= {space for space in asked if space not in {"", "cluster"}}
    return found - {reading.namespace}


def _made_up_place(reading: Reading, space: str, at: int) -> bool:
    """Whether a namespace was turned to, or nothing had shown it; that one which exists is empty may be the answer."""
    turned = any(_turns(reading, each) and _says(reading, each, space) for each in range(at))
    first = next((each for each in range(at) if _says(reading, each, space)), at)
    return turned or not reading.seen_word(space, first)


def _says(reading: Reading, at: int, word: str) -> bool:
    """Whether a step names something, as a whole word."""
    return (
        re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", reading.steps[at].command) is not None
    )


def _made_up(reading: Reading, steps: list[int]) -> bool:
    """Whether every change that failed was made after all; the last look, where no change was tried."""
    tried = [at for at in steps if reading.asks_for_change(at)] or steps[-1:]
    return all(reading.achieved_later(at) is not None for at in tried)


def _turns(reading: Reading, at: int) -> bool:
    """Whether a step sets where later commands go."""
    return any(call.word == "config" for call in reading.kubectl(at))


def _line(reading: Reading, at: int) -> str:
    return next((each.line for each in reading.mistakes[at]), reading.shown(at).strip()[:200])


DETECTOR = Detector(code="E4", title="Cascade", needs=Needs.TRANSCRIPT, detect=_detect)
