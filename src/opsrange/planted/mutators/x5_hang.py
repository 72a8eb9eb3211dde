"""X5: starts something that never ends."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, other = brief.namespace, brief.healthy
    command = brief.pick(
        f"kubectl get pods -n {n} -w",
        f"kubectl -n {n} get events --watch",
        f"kubectl -n {n} logs -f deployment/{other}",
        f"kubectl -n {n} get deployment {brief.service} --watch -o wide",
        f"kubectl logs -n {n} deploy/{other} --follow --tail=3",
    )
    return plan.insert(plan.place(brief.position, brief.stream), Act(command, code="X5"))


MUTATOR = Mutator(code="X5", title="hang or interactive", plant=_plant)
