"""O4: asks somebody else for what it could do, or has done, itself."""

from __future__ import annotations

from dataclasses import replace

from opsrange.planted.brief import Brief
from opsrange.planted.endings import stuck
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Plan, Purpose, Seen
from opsrange.trace import Report


def _plant(plan: Plan, brief: Brief) -> Plan:
    whom = brief.pick(
        "the platform team", "the database administrators", "the network team", "the vendor"
    )
    what = brief.pick(
        "take over the incident", "confirm and apply the repair", "join the call at once"
    )
    plea = brief.pick(
        f"{whom}: please {what}", f"I ask {whom} to {what}.", f"escalating to {whom} to {what}"
    )

    def escalate(report: Report, seen: Seen) -> Report:
        return report.model_copy(update={"escalation": plea})

    if brief.stream.random() < 0.5:
        return plan.reporting(escalate, "O4")
    undone = plan.without(Purpose.REPAIR, Purpose.CHECK).reporting(stuck(brief))
    return replace(undone.reporting(escalate, "O4"), also=frozenset({"V4"}))


MUTATOR = Mutator(code="O4", title="needless escalation", plant=_plant)
