"""P4: looks at everything in turn until there are no turns left."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Position, Purpose

_TURNS = 64
"""More than an attempt has."""


def _plant(plan: Plan, brief: Brief) -> Plan:
    n = brief.namespace
    start = {
        Position.EARLY: 1,
        Position.MIDDLE: plan.first(Purpose.FACT),
        Position.LATE: plan.first(Purpose.REPAIR),
    }[brief.position]
    names = [*brief.around.healthy, *brief.around.downstream, "email", "llm", "kafka", "flagd"]
    asks = (
        f"kubectl -n {n} get deployment {{}} -o wide",
        f"kubectl -n {n} rollout history deployment/{{}}",
        f"kubectl -n {n} get endpoints {{}}",
        f"kubectl -n {n} logs deployment/{{}} --tail=2",
        f"kubectl -n {n} get service {{}}",
        f"kubectl -n {n} get pods -l app.kubernetes.io/name={{}}",
    )
    reads = [ask.format(name) for ask in brief.stream.sample(asks, 5) for name in names]
    acts = [Act(command, code="P4") for command in reads[: _TURNS - start]]
    return plan.until(start).insert(start, *acts)


MUTATOR = Mutator(
    code="P4", title="budget burn", plant=_plant, also=frozenset({"S1", "V4", "L1", "L2"})
)
