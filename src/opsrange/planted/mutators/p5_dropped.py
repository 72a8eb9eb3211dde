"""P5: takes a temporary measure, or the first of several repairs, and forgets the rest of its own list."""

from __future__ import annotations

from dataclasses import replace

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose

_NODE = "$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')"


def _plant(plan: Plan, brief: Brief) -> Plan:
    if len(brief.repairs) > 1:
        last = plan.repaired_at - 1
        half = replace(plan, acts=(*plan.acts[:last], *plan.acts[last + 1 :]))
        return replace(half, code="P5", also=frozenset({"V1", "V2"}))
    n = brief.namespace
    measure, undo = brief.stream.choice(
        (
            (f"kubectl cordon {_NODE}", "uncordon the node"),
            (f"kubectl -n {n} scale deployment/email --replicas=0", "scale email up again"),
            (f"kubectl -n {n} rollout pause deployment/{brief.healthy}", f"resume {brief.healthy}"),
        )
    )
    notes = f"printf '%s\\n' '1. {measure.split(' $')[0]}' '2. repair {brief.name}' '3. {undo}' > plan.md"
    start = plan.first(Purpose.FACT)
    listed = plan.insert(start, Act(notes), Act(measure))
    return replace(listed, code="P5", also=frozenset({"O2", "X3", "S4", "P2"}))


MUTATOR = Mutator(code="P5", title="sub-goal dropped", plant=_plant)
