"""What the formats of other harnesses have in common: an agent says something, calls tools, is shown results.

Belongs here: from turns to an attempt without a trace. Does not: any one format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from opsrange.diagnosis.case import Attempt, Ending
from opsrange.diagnosis.commands.mistakes import Kind, classify
from opsrange.diagnosis.readers.shell_tools import SHELL_TOOLS, command_of
from opsrange.trace import Report, Step

_ENDINGS = frozenset({"report", "submit", "finish", "final_answer", "task_complete", "done"})
_EXIT = re.compile(
    r"(?im)^\W*(?:exit(?:ed with)?(?: status| code)?|return ?code|exit_code)\W{1,4}(-?\d{1,3})\b"
)
_STOPPED = re.compile(r"(?i)\b(command|process|execution) timed out|timed out after \d")
_TAIL_LINES = 6


@dataclass(slots=True)
class Call:
    """One tool call and what it was answered."""

    tool: str
    arguments: Any
    shown: str = ""


@dataclass(slots=True)
class Turn:
    """One turn of the agent's."""

    said: str = ""
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Transcript:
    """One conversation."""

    name: str
    agent: str = ""
    system: str = ""
    task: str = ""
    turns: list[Turn] = field(default_factory=list)


def attempt_from(transcript: Transcript) -> Attempt:
    """A transcript as an attempt: steps without requests, changes or facts, and no verdict."""
    steps: list[Step] = []
    prose: dict[int, str] = {}
    report: Report | None = None
    for turn in transcript.turns:
        if turn.said.strip():
            prose[len(steps)] = turn.said
        for call in turn.calls:
            if call.tool in _ENDINGS:
                report = _report(call.arguments, turn.said)
            else:
                steps.append(_step(len(steps), call))
    if report is None and transcript.turns and not transcript.turns[-1].calls:
        report = Report(summary=transcript.turns[-1].said)
    return Attempt(
        steps=steps,
        traced=False,
        report=report,
        page=transcript.task,
        instructions=transcript.system,
        prose=prose,
        turns=len(transcript.turns),
        ending=Ending.REPORT if report else Ending.STOPPED,
    )


def _step(index: int, call: Call) -> Step:
    code = _exit_code(call)
    return Step(
        index=index,
        tool="bash" if call.tool in SHELL_TOOLS else call.tool,
        command=command_of(call.tool, call.arguments),
        exit_code=code,
        stdout=call.shown,
        stopped="wall_timeout" if code is None else "",
        started_ms=0,
        ended_ms=0,
    )


def _exit_code(call: Call) -> int | None:
    """As it is written, or as the last lines suggest; ``None`` when the command was stopped."""
    if _STOPPED.search(call.shown[-600:]):
        return None
    if written := _EXIT.findall(call.shown[-400:] + "\n" + call.shown[:200]):
        return int(written[0])
    last = call.shown.strip().splitlines()[-_TAIL_LINES:]
    kinds = {
        found.kind
        for line in last
        if line.lower().startswith(_OPENINGS) and (found := classify(line))
    }
    if Kind.NO_TOOL in kinds:
        return 127
    return 1 if kinds else 0


_OPENINGS = (
    "error",
    "bash:",
    "/bin/",
    "sh:",
    "curl:",
    "jq:",
    "traceback",
    "unable to",
    "the connection",
    "tool ",
)


def _report(arguments: Any, said: str) -> Report:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError:
            return Report(summary=arguments)
    if isinstance(arguments, dict):
        try:
            return Report.model_validate(arguments)
        except ValidationError:
            return Report(summary=" ".join(str(value) for value in arguments.values()))
    return Report(summary=said)


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(text_of(part) for part in content)
    if isinstance(content, dict):
        return text_of(content.get("text") or content.get("content") or content.get("output") or "")
    return "" if content is None else str(content)
