"""An exit code of 1 that only says that nothing was found."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, other = brief.namespace, brief.healthy
    command = brief.pick(
        f"kubectl -n {n} logs deployment/{other} --tail=50 | grep -i panic",
        "kubectl get nodes | grep NotReady",
        f"kubectl -n {n} get pods | grep Evicted",
        f"kubectl -n {n} auth can-i delete nodes",
    )
    return plan.insert(plan.place(brief.position, brief.stream), Act(command))


CONTROL = Control(name="no-match", title="a search without a match", vary=_vary)
