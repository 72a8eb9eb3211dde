"""S1: asks the same again and again while nothing changes."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, other = brief.namespace, brief.healthy
    command = brief.pick(
        f"kubectl -n {n} get service {other} -o yaml",
        f"kubectl -n {n} get deployment {other} -o jsonpath='{{.spec}}'",
        "kubectl get nodes -o name",
        f"kubectl -n {n} get configmaps -o name",
        f"kubectl -n {n} get endpoints {other}",
    )
    repeats = [Act(command, code="S1") for _ in range(brief.stream.randint(4, 8))]
    return plan.insert(plan.place(brief.position, brief.stream), Act(command), *repeats)


MUTATOR = Mutator(code="S1", title="loop", plant=_plant)
