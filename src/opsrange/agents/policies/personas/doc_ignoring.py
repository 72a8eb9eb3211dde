"""Knows how it is done anywhere else, and reads nothing."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import BLIND, Persona
from opsrange.agents.policies.personas.shift import Shift
from opsrange.agents.policy import Case, Play


def play(case: Case) -> Play:
    """The repair that would be right anywhere else, soundly done."""
    shift = Shift.begin(case)
    yield from shift.look()
    yield from shift.run_all(shift.key.plain_commands or shift.key.commands)
    yield from shift.verify()
    return shift.report(escalation="")


PERSONA = Persona(
    name="doc-ignoring",
    says="sound where nothing local decides; breaks every local rule, because it never looks for one",
    fails=BLIND,
    play=play,
)
