"""Looks at several things beside the point."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    n = brief.namespace
    reads = [
        "kubectl get nodes -o wide",
        f"kubectl -n {n} get hpa",
        f"kubectl -n {n} get resourcequotas",
        f"kubectl -n {n} get networkpolicies",
        f"kubectl -n {n} top pods",
        f"kubectl -n {n} get deployments -o wide",
        "curl -s http://jaeger:16686/api/services | jq -c .data",
        f"kubectl -n {n} get services",
    ]
    chosen = brief.stream.sample(reads, 4)
    return plan.insert(plan.place(brief.position, brief.stream), *[Act(each) for each in chosen])


CONTROL = Control(name="extra-reads", title="more reads than needed", vary=_vary)
