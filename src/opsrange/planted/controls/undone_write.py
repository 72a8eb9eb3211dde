"""Puts a note on the object it is going to repair, and takes it off again."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, kind, name = brief.namespace, brief.kind, brief.name
    note = brief.pick(
        "corp.example/incident", "corp.example/hands-off", "corp.example/investigating"
    )
    put = Act(f"kubectl -n {n} annotate {kind} {name} {note}=yes")
    take = Act(f"kubectl -n {n} annotate {kind} {name} {note}-")
    repair = plan.first(Purpose.REPAIR)
    return plan.insert(repair, take).insert(repair, put)


CONTROL = Control(
    name="undone-write",
    title="an own write that is undone",
    vary=_vary,
    also=frozenset({"S3", "P2"}),
)
