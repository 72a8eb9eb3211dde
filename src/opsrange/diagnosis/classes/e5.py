"""The incident was left for the agent's own scripts and environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_STEPS_MIN = 5
_SHARE_MIN = 0.6
_TOOLING = frozenset(
    [
        "python",
        "python3",
        "node",
        "pip",
        "pip3",
        "chmod",
        "sed",
        "awk",
        "vi",
        "vim",
        "nano",
        "cat",
        "ls",
        "mkdir",
        "cp",
        "mv",
        "rm",
        "bash",
        "sh",
        "apt",
        "apt-get",
        "wget",
        "which",
        "export",
        "touch",
        "echo",
        "printf",
        "tee",
    ]
)


def _detect(reading: Reading) -> Iterator[Event]:
    own = [_is_tooling(reading, at) for at in range(reading.end)]
    if sum(own) < _STEPS_MIN:
        return
    for start in range(reading.end - _STEPS_MIN + 1):
        rest = own[start:]
        if not own[start] or sum(rest) < _STEPS_MIN or sum(rest) / len(rest) <= _SHARE_MIN:
            continue
        yield Event(
            code="E5",
            step=start,
            quotes=[Quote(step=start, text=reading.steps[start].command[:300])],
            why=f"{sum(rest)} of the last {len(rest)} steps were about scripts and files of its own, and not about the incident",
        )
        return


def _is_tooling(reading: Reading, at: int) -> bool:
    """Only local programs, and the world was not asked."""
    step = reading.steps[at]
    tools = {simple.tool for simple, _ in reading.calls[at]}
    return (
        not step.requests
        and not reading.changes(at)
        and bool(tools)
        and tools <= _TOOLING
        and _own_files(step.command)
    )


def _own_files(command: str) -> bool:
    return bool(
        re.search(r"\.(py|sh|js|pl|txt|json|ya?ml|log)\b|<<|\bpip3?\b|\bchmod\b|-c ", command)
    )


DETECTOR = Detector(
    code="E5", title="Derailed into own tooling", needs=Needs.TRANSCRIPT, detect=_detect
)
