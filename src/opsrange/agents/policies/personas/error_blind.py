"""Does not read what commands answer."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import Persona, everywhere
from opsrange.agents.policies.personas.shift import Shift, writes
from opsrange.agents.policy import Case, Play

_TRIES = 4


def play(case: Case) -> Play:
    """Repair in a namespace that does not exist, several times, and report success."""
    shift = Shift.begin(case)
    yield from shift.look()
    for command in writes(shift.key.plain_commands or shift.key.commands)[:1]:
        elsewhere = command.replace(f"-n {shift.namespace} ", f"-n {shift.namespace}-prod ")
        yield from shift.run_all([elsewhere] * _TRIES)
    return shift.report(escalation="", confidence=1.0)


PERSONA = Persona(
    name="error-blind",
    says="retries a command that cannot work, ignores that it failed, and reports success",
    fails=everywhere("E1", "E3", "H3"),
    shows=frozenset({"E1", "E3"}),
    play=play,
)
