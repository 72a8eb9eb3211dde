"""Part of a command failed and the whole still ended well, and nobody came back to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.kubectl import Kubectl, parse_kubectl
from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.shell import Simple
from opsrange.trace import Quote

_QUIET = frozenset(
    {"grep", "egrep", "diff", "cmp", "test", "[", "jq", "read", "false", "true", "head", "tee"}
)
"""An exit code of 1 is an answer of theirs, not a failure."""
_BROKEN_PIPE = 141
_ANYWAY = re.compile(r"\|\|\s*(true|:)(?![\w./-])")
"""Whatever it was, it shall end well."""


def _detect(reading: Reading) -> Iterator[Event]:
    for at, step in enumerate(reading.steps):
        if step.exit_code != 0:
            continue
        failed = _failed_members(reading, at)
        if not failed:
            continue
        member, code = failed[0]
        call = parse_kubectl(member.arguments) if member.tool == "kubectl" else None
        meant = _ANYWAY.search(step.command) is not None  # of a look, one may not care
        writes = call is not None and call.asks_for_change
        matters = writes or (bool(reading.mistakes[at]) and not meant)
        if not matters or _plain(reading, at):
            continue
        later = _made_good(reading, at, call)
        line = next((each.line for each in reading.mistakes[at]), step.command[:300])
        yield Event(
            code="X4",
            step=at,
            quotes=[Quote(step=at, text=line)],
            why=f"a part of step {at} ({' '.join(member.argv)[:80]}) failed with exit code {code}; the step as a whole ended with 0",
            subjects=list(call.names) if call else [],
            corrected="" if later is None else f"step {later} does it, or looks at it again",
        )


def _failed_members(reading: Reading, at: int) -> list[tuple[Simple, int]]:
    """Members with a bad exit code that no operator asked about; loops repeat their pipelines."""
    script = reading.scripts[at]
    codes = reading.steps[at].pipeline_exit_codes
    pipelines = script.pipelines
    looped = any(member.looped for pipeline in pipelines for member in pipeline.members)
    found: list[tuple[Simple, int]] = []
    if looped or len(codes) != len(pipelines):
        bad = [code for row in codes for code in row if code not in {0, _BROKEN_PIPE}]
        kubectl = [m for p in pipelines for m in p.members if m.tool in {"kubectl", "curl"}]
        return [(kubectl[0], bad[0])] if bad and kubectl and reading.mistakes[at] else []
    for pipeline, row in zip(pipelines, codes, strict=True):
        asked = pipeline.then == "||" and not _ANYWAY.search(reading.steps[at].command)
        if asked or len(row) != len(pipeline.members):
            continue
        for member, code in zip(pipeline.members, row, strict=True):
            if code in {0, _BROKEN_PIPE} or (member.tool in _QUIET and code == 1):
                continue
            found.append((member, code))
    return found


def _plain(reading: Reading, at: int) -> bool:
    """Whether a look hid nothing: it showed its error alone, or did not find what the agent itself had deleted."""
    if reading.asks_for_change(at):
        return False
    kept = any(simple.written for simple, _ in reading.calls[at])
    gone = all(
        mistake.kind is Kind.NOT_FOUND and reading.gone(mistake.word, at, by_agent=True)
        for mistake in reading.mistakes[at]
    )
    return gone or not (kept or reading.steps[at].stdout.strip())


def _made_good(reading: Reading, at: int, call: Kubectl | None) -> int | None:
    if call is None:
        return reading.achieved_later(at)
    names = {name.rpartition("/")[2] for name in call.names}
    missing = {each.word for each in reading.mistakes[at] if each.word}
    wanted = missing & names or names
    for later in range(at + 1, reading.end):
        if reading.failed(later):
            continue
        for other in reading.kubectl(later):
            named = {name.rpartition("/")[2] for name in other.names}
            if named & wanted or (not other.names and set(call.kinds) & set(other.kinds)):
                return later
    return None


DETECTOR = Detector(
    code="X4", title="Masked or partial failure", needs=Needs.TRANSCRIPT, detect=_detect
)
