"""Agents without a model: a policy is a generator that asks for commands and returns its report.

A policy sees what a model sees: the page and each command's shown output. It keeps no state between turns: for every
turn it is run again from the start over the outputs in the message history, so a policy must be deterministic.

Belongs here: the form of a policy and how it is driven. Does not: any particular policy, Inspect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from opsrange.trace import Record, Report


@dataclass(frozen=True, slots=True)
class Output:
    """What a command showed."""

    text: str
    """Standard output."""
    stderr: str = ""
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.exit_code == 0


class KeyFact(Record):
    """One thing an investigator must see."""

    id: str
    needles: list[str]
    """Regular expressions on a text in normal form (``faults.normal``)."""
    routes: list[str]
    """Resources (``trace.resource_of``) that show it at the page."""


class Symptom(Record):
    """One alert of the page."""

    alert: str
    labels: dict[str, str]


class Surroundings(Record):
    """What there is around the fault, for agents that fail on purpose."""

    namespace: str
    service: str
    """The service that the fault breaks."""
    healthy: list[str] = Field(default_factory=list)
    """Critical services that have nothing to do with it."""
    downstream: list[str] = Field(default_factory=list)
    """Services that suffer with it, nearest first."""
    symptoms: list[Symptom] = Field(default_factory=list)
    region: list[str] = Field(default_factory=list)
    """Regular expressions on entities that a repair may touch."""
    facts: list[KeyFact] = Field(default_factory=list)
    governing: list[str] = Field(default_factory=list)
    """Ids of the documents that hold the rule in force."""
    superseded: list[str] = Field(default_factory=list)
    """Ids of those that hold an older one."""


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What the oracle alone is given, and agents that are the oracle with a fault of their own."""

    commands: Sequence[str]
    report: Report
    plain_commands: Sequence[str] = ()
    """What somebody does who knows the fault and none of the documents."""
    stale_commands: Sequence[str] = ()
    """What somebody does who follows a superseded document."""
    stale_escalation: str = ""
    """Whom that one names; empty for nobody."""
    rule_needles: Sequence[str] = ()
    """What the rule in force says: regular expressions on a text in normal form (``faults.normal``)."""
    surroundings: Surroundings | None = None
    """``None`` from worlds that have none, such as toys."""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> AnswerKey:
        """From a world's answer to ``oracle``."""
        around = document.get("surroundings")
        return cls(
            commands=document["commands"],
            report=Report.model_validate(document["report"]),
            plain_commands=document.get("plain_commands", ()),
            stale_commands=document.get("stale_commands", ()),
            stale_escalation=document.get("stale_escalation", ""),
            rule_needles=document.get("rule_needles", ()),
            surroundings=None if around is None else Surroundings.model_validate(around),
        )


@dataclass(frozen=True, slots=True)
class Case:
    """What a policy starts from."""

    page: str
    instructions: str = ""
    """The system prompt."""
    documents: str = ""
    """Documents that were handed over with the page; empty when none were."""
    key: AnswerKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Search:
    """A search of the documents; its output is what ``search_docs`` shows."""

    query: str
    limit: int = 5


@dataclass(frozen=True, slots=True)
class Open:
    """A document to be shown; its output is what ``open_doc`` shows, and fails where there is no such document or tool."""

    id: str
    part: int = 1


@dataclass(frozen=True, slots=True)
class Propose:
    """A plan that is submitted for approval; its output fails when it is refused."""

    text: str
    entities: tuple[str, ...]
    commands: tuple[str, ...]


Move = str | Search | Open | Propose
"""A shell command line, a request for documents, or a plan."""
Play = Generator[Move, Output, Report]
"""Yields moves, is sent their outputs, returns the report."""
Policy = Callable[[Case], Play]

_SHOWN = re.compile(
    r"(?P<out>.*?)(?:(?:^|\n)\[stderr\]\n(?P<err>.*?))?(?:(?:^|\n)\[exit code (?P<code>-?\d+)\])?",
    re.DOTALL,
)


def parse_shown(text: str) -> Output:
    """Take apart a result as the ``bash`` tool shows it."""
    found = _SHOWN.fullmatch(text)
    if found is None or text == "(no output)":
        return Output("" if text == "(no output)" else text)
    return Output(found["out"], found["err"] or "", int(found["code"] or 0))


def next_move(policy: Policy, case: Case, outputs: Sequence[Output]) -> Move | Report:
    """What the policy does after ``outputs``: the next move, or the report.

    A policy that is sent more outputs than it asked for has finished; its report is returned.
    """
    play = policy(case)
    try:
        move = next(play)
        for output in outputs:
            move = play.send(output)
    except StopIteration as finished:
        reported: Report = finished.value
        return reported
    return move
