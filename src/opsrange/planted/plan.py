"""What a planted agent is going to do: acts in order, then a report. Changing a plan yields another one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from opsrange.agents.policy import Move, Output, Play
from opsrange.trace import Report


class Purpose(StrEnum):
    """Why an act is done."""

    LOOK = "look"
    FACT = "fact"
    """To see what decides the case."""
    READ = "read"
    """To learn what is to be done here."""
    REPAIR = "repair"
    CHECK = "check"
    """To see whether the repair worked."""
    AFTER = "after"
    """Watching on."""


class Position(StrEnum):
    """Where in the trajectory something goes wrong."""

    EARLY = "early"
    MIDDLE = "middle"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Shown:
    """An act that was done, and all it showed."""

    command: str
    fact: str
    text: str
    ok: bool


Seen = Sequence[Shown]
Command = Move | Callable[[Seen], Move]
"""A shell command line or a request for documents, or how to make it from what was seen."""
Reporter = Callable[[Seen], Report]


class Marked(str):
    """A command that is the planted failure."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, text: str, code: str) -> Self:
        """A marked command."""
        marked = super().__new__(cls, text)
        marked.code = code
        return marked


@dataclass(frozen=True, slots=True)
class Act:
    """One step."""

    command: Command
    purpose: Purpose = Purpose.LOOK
    fact: str = ""
    """The fact it is meant to show."""
    code: str = ""
    """The failure class it is; empty for sound acts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole attempt."""

    acts: tuple[Act, ...]
    report: Reporter
    code: str = ""
    """The failure class that the report is; empty for a sound one."""
    also: frozenset[str] = frozenset()
    """Classes that truly follow from the planted one in this plan."""

    # -- where things are ------------------------------------------------------------------------

    def first(self, *purposes: Purpose) -> int:
        """The index of the first act of some purpose; behind the last act when there is none."""
        found = (index for index, act in enumerate(self.acts) if act.purpose in purposes)
        return next(found, len(self.acts))

    @property
    def repaired_at(self) -> int:
        """The index behind the last repairing act; that of the first check when nothing repairs."""
        found = [i for i, act in enumerate(self.acts) if act.purpose is Purpose.REPAIR]
        return found[-1] + 1 if found else self.first(Purpose.CHECK, Purpose.AFTER)

    def place(self, position: Position, stream: random.Random) -> int:
        """An index of the asked third of the trajectory."""
        third = max(1, len(self.acts) // 3)
        start = {Position.EARLY: 1, Position.MIDDLE: third, Position.LATE: 2 * third}[position]
        end = {Position.EARLY: third, Position.MIDDLE: 2 * third, Position.LATE: len(self.acts)}
        return stream.randint(min(start, end[position]), end[position])

    # -- other plans -----------------------------------------------------------------------------

    def insert(self, index: int, *acts: Act) -> Plan:
        """With acts before the one at ``index``."""
        return replace(self, acts=(*self.acts[:index], *acts, *self.acts[index:]))

    def without(self, *purposes: Purpose) -> Plan:
        """Without the acts of some purposes."""
        return replace(self, acts=tuple(act for act in self.acts if act.purpose not in purposes))

    def until(self, index: int) -> Plan:
        """Only the acts before ``index``."""
        return replace(self, acts=self.acts[:index])

    def instead(self, purpose: Purpose, *acts: Act) -> Plan:
        """With ``acts`` where those of a purpose were."""
        return self.without(purpose).insert(self.first(purpose), *acts)

    def reporting(self, change: Callable[[Report, Seen], Report], code: str = "") -> Plan:
        """With a changed report."""
        before = self.report
        return replace(self, report=lambda seen: change(before(seen), seen), code=code or self.code)


def play(plan: Plan) -> Play:
    """Do what a plan says."""
    seen: list[Shown] = []
    for act in plan.acts:
        move = act.command(seen) if callable(act.command) else act.command
        output = yield Marked(move, act.code) if act.code and isinstance(move, str) else move
        seen.append(_shown(act, str(move), output))
    return plan.report(seen)


def _shown(act: Act, command: str, output: Output) -> Shown:
    text = "\n".join(part for part in (output.text, output.stderr) if part)
    return Shown(command, act.fact, text, output.ok)
