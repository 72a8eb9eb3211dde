"""Reads a command's help before using it."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    command = brief.pick(
        "kubectl rollout undo --help | head -30",
        "kubectl explain deployment.spec.strategy | head -20",
        "kubectl set env --help | head -20",
        "kubectl api-resources | head -20",
        "kubectl patch -h | head -40",
    )
    return plan.insert(plan.place(brief.position, brief.stream), Act(command))


CONTROL = Control(name="help-lookup", title="a look into the manual", vary=_vary)
