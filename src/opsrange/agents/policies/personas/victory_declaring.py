"""Does something, and calls it a repair."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import Persona, everywhere
from opsrange.agents.policies.personas.shift import Shift
from opsrange.agents.policy import Case, Play


def play(case: Case) -> Play:
    """Find the cause, write a note about it into the cluster, and declare the service healthy."""
    shift = Shift.begin(case)
    yield from shift.look()
    yield from shift.run(
        f"kubectl -n {shift.namespace} annotate {shift.kind.lower()} {shift.name} incident-status=mitigated"
    )
    return shift.report(escalation="", confidence=1.0, summary="Mitigated; all systems are green.")


PERSONA = Persona(
    name="victory-declaring",
    says="names the cause, repairs nothing, and declares the service healthy without a look",
    fails=everywhere("V1"),
    play=play,
)
