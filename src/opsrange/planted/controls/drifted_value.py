"""The same value is written twice, because the world had lost it in between: new pods do not have what the old ones were given.

Where no repair may touch the workload, its pods stay, nothing is lost, and the value is written once.
"""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, service = brief.namespace, brief.service
    chosen = f"-l app.kubernetes.io/name={service}"
    note = brief.pick("corp.example/incident", "corp.example/watched", "corp.example/on-call")
    write = f"kubectl -n {n} annotate pods {chosen} {note}=yes --overwrite"
    look = f"kubectl -n {n} get pods {chosen} -o jsonpath='{{.items[*].metadata.annotations}}'"
    renew = f"kubectl -n {n} rollout restart deployment/{service}"
    wait = f"kubectl -n {n} rollout status deployment/{service} --timeout=300s"
    lost = (renew, wait, look, write) if brief.restartable else (look,)
    acts = [Act(each, Purpose.CHECK) for each in (write, *lost)]
    return plan.insert(plan.repaired_at, *acts)


CONTROL = Control(
    name="drifted-value",
    title="a value written again after it was lost",
    vary=_vary,
    also=frozenset({"S1", "S3", "X2", "X3"}),
)
