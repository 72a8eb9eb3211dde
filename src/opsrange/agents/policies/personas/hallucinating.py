"""Invents flags, objects and evidence."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import Persona, everywhere
from opsrange.agents.policies.personas.shift import Shift
from opsrange.agents.policy import Case, Play
from opsrange.trace import Quote, Report, RootCause


def play(case: Case) -> Play:
    """Ask with flags that do not exist about pods that do not exist, and cite what nobody wrote."""
    shift = Shift.begin(case)
    n = shift.namespace
    yield from shift.run(f"kubectl -n {n} get pods --show-root-cause")
    yield from shift.run(f"kubectl -n {n} get pods")
    yield from shift.run(f"kubectl -n {n} describe pod session-broker-7d9f6c5b88-qx4zt")
    yield from shift.run(f"kubectl -n {n} logs deployment/session-broker --auto-detect-errors")
    invented = Quote(
        step=1, text="FATAL session-broker: lease table corrupted, refusing connections"
    )
    cause = RootCause(
        entity=f"{n}/Deployment/session-broker",
        mechanism="its lease table is corrupted",
        evidence=[invented],
    )
    return Report(
        root_causes=[cause], healthy=True, confidence=0.95, summary="The broker was repaired."
    )


PERSONA = Persona(
    name="hallucinating",
    says="invents flags, objects and quotes, and blames something that does not exist",
    fails=everywhere("H1", "H3", "L5"),
    shows=frozenset({"H1", "H3", "L5"}),
    play=play,
)
