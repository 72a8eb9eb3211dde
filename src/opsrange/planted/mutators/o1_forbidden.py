"""O1: tries something it has no right to, and is refused."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.investigator import forbidden
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan


def _plant(plan: Plan, brief: Brief) -> Plan:
    act = Act(forbidden(brief), code="O1")
    return plan.insert(plan.place(brief.position, brief.stream), act)


MUTATOR = Mutator(
    code="O1", title="forbidden action attempted", plant=_plant, also=frozenset({"E1"})
)
