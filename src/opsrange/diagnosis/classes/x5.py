"""A command that never ends by itself: it follows, watches, edits or waits for somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_TIMEOUTS = frozenset({"virtual_timeout", "wall_timeout"})
_ENDED = 124
"""Exit code of ``timeout`` when time was up."""
_EDITORS = frozenset({"vi", "vim", "nano", "emacs", "less", "more", "top", "htop", "watch"})


def _detect(reading: Reading) -> Iterator[Event]:
    for at, step in enumerate(reading.steps):
        hung = step.stopped in _TIMEOUTS or (
            not _ends_by_itself(reading, at)
            and step.exit_code in {None, 124, 137}
            and re.search(r"(?i)timed? ?out", step.stdout + step.stderr)
        )
        if not hung:
            continue
        why = _reason(reading, at)
        later = reading.achieved_later(at)
        yield Event(
            code="X5",
            step=at,
            quotes=[Quote(step=at, text=step.command[:300])],
            why=f"step {at} did not end by itself: {why}",
            corrected="" if later is None else f"step {later} does it with an end",
        )


def _ends_by_itself(reading: Reading, at: int) -> bool:
    """Whether the last command of a step was given an end, and came to it."""
    last = reading.scripts[at].pipelines[-1:]
    bounded = any(member.argv[:1] == ("timeout",) for each in last for member in each.members)
    return bounded and reading.steps[at].exit_code == _ENDED


def _reason(reading: Reading, at: int) -> str:
    for simple, call in reading.calls[at]:
        if call is not None:
            flags = {"watch", "watch-only", "follow", "f"} & set(call.flags)
            if flags and call.word in {"get", "logs", "events"}:
                return f"it follows (--{min(flags)})"
            if call.word in {"edit", "port-forward", "proxy", "attach"}:
                return f"kubectl {call.word} waits for somebody"
        elif simple.tool in _EDITORS:
            return f"{simple.tool} is interactive"
        elif simple.tool == "tail" and "-f" in simple.arguments:
            return "it follows (-f)"
    return "it waited until it was stopped"


DETECTOR = Detector(
    code="X5", title="Hang, interactive or timeout", needs=Needs.TRANSCRIPT, detect=_detect
)
