"""H1: repairs with a flag that does not exist, then with another."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import stuck
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose

_FLAGS = (
    "--force-sync",
    "--apply-now",
    "--auto-heal",
    "--wait-healthy",
    "--reconcile=true",
    "--fix",
    "--strategy=instant",
)


def _plant(plan: Plan, brief: Brief) -> Plan:
    tries = [
        Act(f"{brief.repairs[-1]} {flag}", Purpose.REPAIR, code="H1")
        for flag in brief.stream.sample(_FLAGS, 2)
    ]
    return plan.instead(Purpose.REPAIR, *tries).reporting(stuck(brief))


MUTATOR = Mutator(
    code="H1",
    title="unknown tool, flag or field",
    plant=_plant,
    also=frozenset({"X1", "V4", "E1", "P5"}),
)
