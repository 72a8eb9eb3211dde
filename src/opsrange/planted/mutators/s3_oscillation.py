"""S3: switches between broken and repaired without looking, and stops at the wrong one."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.investigator import unwatched
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, kind, name, repair = brief.namespace, brief.kind, brief.name, brief.repairs[-1]
    settled = unwatched(plan, brief)
    if kind == "deployment" and "scale" not in repair:
        back = forth = brief.pick(
            f"kubectl -n {n} rollout undo deployment/{name}",
            f"kubectl rollout undo deployment {name} -n {n}",
        )
    elif kind == "deployment":
        back, forth = f"kubectl -n {n} scale deployment/{name} --replicas=0", repair
    else:
        strip = "jq 'del(.metadata.resourceVersion, .metadata.uid)'"
        verb = "apply" if kind == "networkpolicy" else "replace"
        back, forth = f"{strip} old.json | kubectl {verb} -f -", repair
        settled = settled.insert(0, Act(f"kubectl -n {n} get {kind} {name} -o json > old.json"))
    turns = [Act(each, Purpose.REPAIR, code="S3") for each in (back, forth, back)]
    return settled.insert(settled.repaired_at, *turns)


MUTATOR = Mutator(
    code="S3", title="oscillation", plant=_plant, also=frozenset({"V3", "V1", "V2", "S2", "O2"})
)
