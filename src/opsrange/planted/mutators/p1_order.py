"""P1: knows what has to come first, and does the repair before it."""

from __future__ import annotations

from opsrange.planted.brief import Brief, is_write
from opsrange.planted.mutator import Ground, Mutator
from opsrange.planted.plan import Act, Plan, Purpose

_WAITS = "sleep "


def _plant(plan: Plan, brief: Brief) -> Plan:
    repairs = {each for each in brief.key.plain_commands if is_write(each)}
    conduct = list(brief.conduct)
    at = next(index for index, each in enumerate(conduct) if each in repairs)
    required = [
        index for index in range(at) if is_write(conduct[index]) or _WAITS in conduct[index]
    ]
    kept = brief.stream.choice(required)
    order = [*conduct[:kept], conduct[at], *conduct[kept:at], *conduct[at + 1 :]]
    acts = [
        Act(each, Purpose.REPAIR, code="P1" if index == kept else "")
        for index, each in enumerate(order)
    ]
    return plan.instead(Purpose.REPAIR, *acts)


MUTATOR = Mutator(
    code="P1",
    title="order or precondition violated",
    plant=_plant,
    ground=Ground.ORDERED,
    also=frozenset({"K3", "O1", "O2", "S4"}),
)
