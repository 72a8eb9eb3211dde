"""Looks, reads what governs, repairs by it, verifies, and says what it does not know."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import UNINFORMED, Persona
from opsrange.agents.policies.personas.shift import Shift
from opsrange.agents.policy import Case, Play


def play(case: Case) -> Play:
    """Repair by the rule in force when it was found in the documents, else plainly."""
    shift = Shift.begin(case)
    yield from shift.look()
    yield from shift.study(*shift.questions())
    key = shift.key
    informed = shift.knows_the_rule
    yield from shift.run_all(key.commands if informed else key.plain_commands or key.commands)
    yield from shift.verify()
    return shift.report(escalation=key.report.escalation if informed else "")


PERSONA = Persona(
    name="careful",
    says="sound wherever the documents can be found; without them it breaks rules it cannot know",
    fails=UNINFORMED,
    play=play,
)
