"""A shell loop whose every turn succeeds."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, names = brief.namespace, " ".join(brief.stream.sample(brief.around.healthy, 4))
    command = brief.pick(
        f"for d in {names}; do kubectl -n {n} get deployment $d --no-headers; done",
        f"echo {names} | xargs -n1 kubectl -n {n} get service --no-headers",
        f"for d in {names}; do echo $d; kubectl -n {n} logs deployment/$d --tail=1; done",
    )
    return plan.insert(plan.place(brief.position, brief.stream), Act(command))


CONTROL = Control(name="loop-over-services", title="one command over many services", vary=_vary)
