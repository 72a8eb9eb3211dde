"""Planted agents by name: ``planted-L5-early``, ``control-polling-late-2``, ``base-middle``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsrange.agents.policy import Case, Play, Policy
from opsrange.planted.brief import brief_of
from opsrange.planted.investigator import investigate
from opsrange.planted.mutator import Ground, controls, mutators
from opsrange.planted.plan import Plan, Position, play

_NAME = re.compile(
    r"(?P<what>planted|control|base)(-(?P<of>[A-Za-z0-9-]+?))??-(?P<position>early|middle|late)(-(?P<variant>\d+))?"
)


@dataclass(frozen=True, slots=True)
class PlantedAgent:
    """One agent: a kind of change, a position, and a number that draws another surface."""

    name: str
    what: str
    """``planted``, ``control``, or ``base`` for the unchanged investigator."""
    of: str
    """The failure class or the control."""
    position: Position

    def plan(self, case: Case) -> Plan:
        """What it is going to do in a case."""
        brief = brief_of(case, self.name, self.position)
        plan = investigate(brief)
        if self.what == "planted":
            mutator = mutators()[self.of]
            planted = mutator.plant(plan, brief)
            return Plan(planted.acts, planted.report, planted.code, planted.also | mutator.also)
        if self.what == "control":
            control = controls()[self.of]
            varied = control.vary(plan, brief)
            return Plan(varied.acts, varied.report, "", varied.also | control.also)
        return plan

    def policy(self, case: Case) -> Play:
        """As a policy."""
        return play(self.plan(case))


def agent(name: str) -> PlantedAgent | None:
    """The agent of that name, or ``None``."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    what, of = found["what"], found["of"] or ""
    known = {"planted": mutators(), "control": controls(), "base": {"": None}}[what]
    if of not in known:
        return None
    return PlantedAgent(name, what, of, Position(found["position"]))


def find(name: str) -> Policy | None:
    """The policy of that name, or ``None``."""
    found = agent(name)
    return found.policy if found else None


def planted_names(ground: Ground = Ground.PLAIN) -> Iterator[str]:
    """One name per failure class and position.

    Args:
        ground: which incidents they need.
    """
    for code, mutator in mutators().items():
        for position in Position if mutator.ground is ground else ():
            yield f"planted-{code}-{position}"


def control_names(count: int, only: Sequence[str] = ()) -> Iterator[str]:
    """``count`` names of controls, kinds and positions in turn, with new surfaces once all had theirs.

    Args:
        count: as many as there are planted agents.
        only: of these controls; empty for all that need no more than an incident.
    """
    names = only or controls_on(Ground.PLAIN)
    kinds = [(name, position) for name in names for position in Position]
    for number in range(count):
        name, position = kinds[number % len(kinds)]
        yield f"control-{name}-{position}-{1 + number // len(kinds)}"


def controls_on(ground: Ground) -> Sequence[str]:
    """The controls made for such incidents."""
    return [name for name, control in controls().items() if control.ground is ground]
