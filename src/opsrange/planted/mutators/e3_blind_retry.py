"""E3: repeats what was refused and will be refused."""

from __future__ import annotations

from dataclasses import replace

from opsrange.planted.brief import Brief
from opsrange.planted.endings import unresolved
from opsrange.planted.investigator import forbidden
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    command = forbidden(brief)
    retries = [Act(command, code="E3") for _ in range(brief.stream.randint(5, 7))]
    start = plan.place(brief.position, brief.stream)
    tried = plan.insert(start, Act(command), *retries)
    if start <= plan.first(Purpose.REPAIR) and brief.stream.random() < 0.5:
        given_up = tried.until(start + 1 + len(retries)).reporting(unresolved(brief))
        return replace(given_up, also=frozenset({"V4", "L1", "L2"}))
    return tried


MUTATOR = Mutator(
    code="E3", title="blind retry", plant=_plant, also=frozenset({"P3", "O1", "S1", "E1"})
)
