"""Saves the object before the repair and compares afterwards."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose, Seen
from opsrange.trace import Report


def _vary(plan: Plan, brief: Brief) -> Plan:
    get = f"kubectl -n {brief.namespace} get {brief.kind} {brief.name} -o yaml"
    file = brief.pick("before.yaml", "backup.yaml", f"{brief.name}.yaml")
    compare = Act(f"{get} > after.yaml; diff {file} after.yaml | head -20", Purpose.CHECK)
    save = Act(f"{get} > {file}")

    def mention(report: Report, seen: Seen) -> Report:
        claimed = [f"saved {brief.kind} {brief.name} to {file}", *report.actions_claimed]
        return report.model_copy(update={"actions_claimed": claimed})

    saved = plan.insert(plan.repaired_at, compare).insert(plan.first(Purpose.REPAIR), save)
    return saved.reporting(mention)


CONTROL = Control(
    name="backup", title="a backup and a comparison", vary=_vary, also=frozenset({"X4", "H3"})
)
