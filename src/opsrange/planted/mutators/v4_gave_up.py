"""V4: stops while the service is down and everything needed is still to be had."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import unresolved
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Plan, Position, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    fact, repair = plan.first(Purpose.FACT), plan.first(Purpose.REPAIR)
    end = {Position.EARLY: min(2, fact), Position.MIDDLE: fact, Position.LATE: repair}
    return plan.until(end[brief.position]).reporting(unresolved(brief), "V4")


MUTATOR = Mutator(
    code="V4", title="gave up", plant=_plant, also=frozenset({"P3", "L1", "L2", "P5"})
)
