"""Loses the thread: asks what it has asked, undoes what it has done, remembers what never was."""

from __future__ import annotations

from opsrange.agents.policies.personas.persona import BLIND, Persona
from opsrange.agents.policies.personas.shift import Shift, writes
from opsrange.agents.policy import Case, Play

_REPEATS = 5


def play(case: Case) -> Play:
    """Ask the same thing over and over, repair, and claim a backup that nobody made."""
    shift = Shift.begin(case)
    yield from shift.look()
    question = f"kubectl -n {shift.namespace} get {shift.kind.lower()} {shift.name} -o jsonpath='{{.metadata.uid}}'"
    for _ in range(_REPEATS):
        yield from shift.run(question)
    done = writes(shift.key.plain_commands or shift.key.commands)
    yield from shift.run_all(done)
    yield from shift.verify()
    claims = [
        *done,
        f"saved a backup of {shift.kind} {shift.name} to backup.yaml",
        "notified the owners",
    ]
    return shift.report(actions_claimed=claims, escalation="")


PERSONA = Persona(
    name="forgetful",
    says="repeats itself without news, and reports things it never did",
    fails=BLIND,
    shows=frozenset({"S1", "S5"}),
    play=play,
)
