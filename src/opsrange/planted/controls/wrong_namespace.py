"""Asks in the wrong namespace, sees nothing, and asks in the right one."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, wrong = brief.namespace, brief.pick("default", "kube-public", "kube-system")
    ask = brief.pick("get deployments", "get pods", "get services", "get configmaps")
    acts = [Act(f"kubectl -n {wrong} {ask}"), Act(f"kubectl -n {n} {ask}")]
    return plan.insert(plan.place(brief.position, brief.stream), *acts)


CONTROL = Control(
    name="wrong-namespace",
    title="a read in the wrong namespace, corrected",
    vary=_vary,
    also=frozenset({"L1"}),
)
