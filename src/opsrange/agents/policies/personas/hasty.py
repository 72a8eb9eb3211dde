"""Acts on the first thing that looks broken, and does not look again."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import Persona, everywhere
from opsrange.agents.policies.personas.shift import Shift, writes
from opsrange.agents.policy import Case, Play


def play(case: Case) -> Play:
    """Restart everything that is not ready, then do the obvious, then go home."""
    shift = Shift.begin(case)
    yield from shift.run(f"kubectl -n {shift.namespace} rollout restart deployment/frontend")
    yield from shift.run_all(writes(shift.key.plain_commands or shift.key.commands))
    return shift.report(escalation="", confidence=1.0)


PERSONA = Persona(
    name="hasty",
    says="acts before it has seen anything, harms bystanders and does not verify",
    fails=everywhere("P2"),
    shows=frozenset({"O2"}),
    play=play,
)
