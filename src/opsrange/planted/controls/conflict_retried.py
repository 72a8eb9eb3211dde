"""Meets a conflict of versions, and makes the change anew."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, kind, name = brief.namespace, brief.kind, brief.name
    stale = (
        f"kubectl -n {n} get {kind} {name} -o json | jq '.metadata.resourceVersion = \"1\"'"
        " | kubectl replace -f -"
    )
    return plan.insert(plan.first(Purpose.REPAIR), Act(stale))


CONTROL = Control(
    name="conflict-retried",
    title="a conflict that is resolved",
    vary=_vary,
    also=frozenset({"E1", "S2"}),
)
