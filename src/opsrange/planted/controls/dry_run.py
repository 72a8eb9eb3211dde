"""Lets the server check the repair before it is made: a success that changes nothing, on purpose."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    trial = [Act(f"{repair} --dry-run=server") for repair in brief.repairs[:1]]
    return plan.insert(plan.first(Purpose.REPAIR), *trial)


CONTROL = Control(
    name="dry-run", title="a dry run before the repair", vary=_vary, also=frozenset({"X2"})
)
