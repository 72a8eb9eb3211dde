"""S2: saves an object, repairs it, and later writes the saved one back."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.investigator import idle
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, kind, name = brief.namespace, brief.kind, brief.name
    file = brief.pick("before.json", f"{name}.json", "saved.json")
    note = brief.pick('"corp.example/reviewed"', '"corp.example/incident"')
    verb = "apply" if kind == "networkpolicy" else brief.pick("replace", "replace", "apply")
    save = Act(f"kubectl -n {n} get {kind} {name} -o json > {file}")
    stale = Act(
        f"jq 'del(.metadata.resourceVersion, .metadata.uid, .status) | .metadata.annotations[{note}] = \"yes\"'"
        f" {file} | kubectl {verb} -f -",
        Purpose.AFTER,
        code="S2",
    )
    settled = plan.without(Purpose.AFTER)
    rest = len(plan.acts) - len(settled.acts)
    kept = settled.insert(len(settled.acts), stale, *idle(brief, rest))
    return kept.insert(min(1, plan.first(Purpose.REPAIR)), save)


MUTATOR = Mutator(
    code="S2", title="stale belief", plant=_plant, also=frozenset({"V3", "V1", "V2", "S3", "O2"})
)
