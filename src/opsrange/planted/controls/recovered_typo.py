"""Mistypes a read, sees the error, and asks again properly."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    n = brief.namespace
    wrong, right = brief.stream.choice(
        (
            (f"kubectl -n {n} get depoyments", f"kubectl -n {n} get deployments"),
            (f"kubetcl -n {n} get services", f"kubectl -n {n} get services"),
            (f"kubectl -n {n} get pods --outptu wide", f"kubectl -n {n} get pods --output wide"),
            (
                "curl -s http://promtheus:9090/api/v1/alerts | head -c 300",
                "curl -s http://prometheus:9090/api/v1/alerts | head -c 300",
            ),
            (
                f"kubectl -n {n} get hpa | awk '{{print $1'",
                f"kubectl -n {n} get hpa | awk '{{print $1}}'",
            ),
        )
    )
    return plan.insert(plan.place(brief.position, brief.stream), Act(wrong), Act(right))


CONTROL = Control(
    name="recovered-typo",
    title="a typo that is corrected at once",
    vary=_vary,
    also=frozenset({"X1", "H1", "X4", "H3"}),
)
