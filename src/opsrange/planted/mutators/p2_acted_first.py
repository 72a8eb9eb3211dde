"""P2: writes before anything that decides the case was seen."""

from __future__ import annotations

from dataclasses import replace

from opsrange.planted.brief import Brief
from opsrange.planted.endings import blaming
from opsrange.planted.investigator import blind_looks, claims, unwatched
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose, Seen
from opsrange.trace import Report


def _plant(plan: Plan, brief: Brief) -> Plan:
    act = Act(brief.futile, code="P2")
    looks = blind_looks(brief, plan.first(Purpose.FACT))
    blind = replace(plan, acts=(*map(Act, looks), *plan.acts[len(looks) :]))
    hasty = blind.insert(len(looks), act)
    if brief.stream.random() < 0.5:
        return hasty
    hasty = unwatched(hasty.without(Purpose.FACT, Purpose.REPAIR), brief)
    entity = f"{brief.namespace}/Deployment/{brief.service}"
    guessed = blaming(brief, entity, f"{brief.service} hung and had to be restarted")

    def hopeful(report: Report, seen: Seen) -> Report:
        update = {"healthy": True, "actions_claimed": claims([brief.futile])}
        return guessed(report, seen).model_copy(update=update)

    return replace(hasty.reporting(hopeful), also=frozenset({"L1", "L4"}))


MUTATOR = Mutator(
    code="P2",
    title="acted before diagnosis",
    plant=_plant,
    also=frozenset({"O2", "X3", "V1", "V2"}),
)
