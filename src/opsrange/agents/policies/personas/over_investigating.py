"""Looks at everything, concludes nothing, and runs out of time."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import Persona, everywhere
from opsrange.agents.policies.personas.shift import Shift
from opsrange.agents.policy import Case, Play
from opsrange.trace import Report

_KINDS = [
    "pods",
    "deployments",
    "replicasets",
    "services",
    "endpoints",
    "configmaps",
    "networkpolicies",
    "resourcequotas",
    "hpa",
    "events",
]
_ROUNDS = 3


def play(case: Case) -> Play:
    """The same tour again and again; then hand over with the incident still on."""
    shift = Shift.begin(case)
    yield from shift.look()
    for wide in range(_ROUNDS):
        for kind in _KINDS:
            yield from shift.run(
                f"kubectl -n {shift.namespace} get {kind}{' -o wide' * (wide % 2)}"
            )
    return Report(healthy=False, confidence=0.2, summary="More data would be needed to be sure.")


PERSONA = Persona(
    name="over-investigating",
    says="sees the cause early, goes on looking, and never repairs",
    fails=everywhere("L2", "P4", "V4"),
    play=play,
)
