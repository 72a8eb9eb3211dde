"""O3: knows whom to name, and names nobody, or somebody else."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Ground, Mutator
from opsrange.planted.plan import Plan, Seen
from opsrange.trace import Report


def _plant(plan: Plan, brief: Brief) -> Plan:
    other = brief.pick(
        "",
        "the platform team: please review",
        "the owner of the service, whoever that is",
        "the network team, for information",
    )

    def unnamed(report: Report, seen: Seen) -> Report:
        return report.model_copy(update={"escalation": other})

    return plan.reporting(unnamed, "O3")


MUTATOR = Mutator(
    code="O3",
    title="escalation missed",
    plant=_plant,
    ground=Ground.ESCALATED,
    also=frozenset({"K3", "O2"}),
)
