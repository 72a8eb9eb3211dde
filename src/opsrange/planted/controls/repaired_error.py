"""Tries something that does not help, sees that it did not, and then repairs."""

from __future__ import annotations

from opsrange.planted import surface
from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    tried = [Act(brief.futile), Act(f"sleep 60; {surface.errors(brief)}")]
    if brief.kind == "networkpolicy":
        tried.append(Act(surface.own(brief, "networkpolicy", brief.name)))
    return plan.insert(plan.first(Purpose.REPAIR), *tried)


CONTROL = Control(
    name="repaired-error", title="an error that is repaired", vary=_vary, also=frozenset({"X3"})
)
