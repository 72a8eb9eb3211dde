"""Finds the facts between its looks, in any order."""

from __future__ import annotations

from dataclasses import replace

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    end = plan.first(Purpose.REPAIR)
    before = list(plan.acts[:end])
    brief.stream.shuffle(before)
    return replace(plan, acts=(*before, *plan.acts[end:]))


CONTROL = Control(name="other-order", title="another valid order", vary=_vary)
