"""Follows something for a few seconds and then goes on."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, other = brief.namespace, brief.healthy
    command = brief.pick(
        f"timeout 15 kubectl -n {n} logs -f deployment/{other} --tail=2",
        f"timeout 20 kubectl get pods -n {n} -w",
        f"timeout 10 kubectl -n {n} get events --watch",
    )
    return plan.insert(plan.place(brief.position, brief.stream), Act(command))


CONTROL = Control(
    name="bounded-follow", title="following with an end", vary=_vary, also=frozenset({"X5"})
)
