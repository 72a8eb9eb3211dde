"""Asks the same again and again, because the answer is changing."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, label = brief.namespace, f"app.kubernetes.io/name={brief.service}"
    ask = brief.pick(
        f"kubectl -n {n} get pods -l {label}",
        f"kubectl get pods -n {n} --selector {label} -o wide",
        f"kubectl -n {n} get events --sort-by=.lastTimestamp | tail -4",
    )
    polls = [Act(f"sleep {pause}; {ask}", Purpose.CHECK) for pause in (5, 5, 10, 10, 15)]
    return plan.insert(plan.repaired_at, *polls)


CONTROL = Control(
    name="polling", title="polling while the world changes", vary=_vary, also=frozenset({"S1"})
)
