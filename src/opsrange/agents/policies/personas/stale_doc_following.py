"""Follows the first document it likes, whatever its date."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import UNINFORMED, Persona, Setting
from opsrange.agents.policies.personas.shift import Shift
from opsrange.agents.policy import Case, Play


def play(case: Case) -> Play:
    """Read, and then do what the superseded document says."""
    shift = Shift.begin(case)
    yield from shift.look()
    yield from shift.study(*shift.questions())
    yield from shift.run_all(
        shift.key.stale_commands or shift.key.plain_commands or shift.key.commands
    )
    yield from shift.verify()
    return shift.report(escalation=shift.key.stale_escalation)


PERSONA = Persona(
    name="stale-doc-following",
    says="searches and reads, and follows what was superseded",
    fails={
        **UNINFORMED,
        Setting.SEARCHABLE: frozenset({"K4"}),
        Setting.GIVEN: frozenset({"K3", "K4"}),
        Setting.SUPERSEDED: frozenset({"K2", "K4"}),
    },
    play=play,
)
