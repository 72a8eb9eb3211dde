"""Nothing odd at all."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    return plan


CONTROL = Control(name="clean", title="a clean attempt", vary=_vary)
