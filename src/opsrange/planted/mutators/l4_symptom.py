"""L4: names the service that suffers first."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import blaming
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, victim = brief.namespace, brief.downstream
    read = brief.pick(
        f"kubectl -n {n} logs deployment/{victim} --tail=20",
        f"kubectl -n {n} describe deployment {victim}",
        f"kubectl -n {n} get pods -l app.kubernetes.io/name={victim} -o wide",
    )
    mechanism = brief.pick(
        f"{victim} answers requests with errors",
        f"the error rate of {victim} is high, so {victim} is broken",
        f"{victim} fails its callers",
    )
    looked = plan.without(Purpose.REPAIR, Purpose.CHECK)
    looked = looked.insert(looked.place(brief.position, brief.stream), Act(read))
    return looked.reporting(blaming(brief, f"{n}/Deployment/{victim}", mechanism), "L4")


MUTATOR = Mutator(code="L4", title="symptom as cause", plant=_plant, also=frozenset({"L2", "V4"}))
