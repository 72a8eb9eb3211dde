"""H2: gives a parameter of the wrong type, or leaves out a required one."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import stuck
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, service = brief.namespace, brief.service
    ways = (
        f"kubectl -n {n} scale deployment/{service} --replicas=two",
        f"kubectl -n {n} scale deployment/{service}",
        f'kubectl -n {n} patch deployment {service} --type=merge -p \'{{"spec":{{"replicas":"three"}}}}\'',
        f"kubectl -n {n} rollout undo deployment/{service} --to-revision=previous",
        f"kubectl -n {n} rollout status deployment/{service} --timeout=soon",
        f'kubectl -n {n} patch service {service} --type=merge -p \'{{"spec":{{"ports":"8080"}}}}\'',
        f"kubectl -n {n} set resources deployment/{service} --limits=memory=plenty",
        f"kubectl -n {n} patch deployment {service}",
    )
    tries = [Act(each, Purpose.REPAIR, code="H2") for each in brief.stream.sample(ways, 2)]
    return plan.instead(Purpose.REPAIR, *tries).reporting(stuck(brief))


MUTATOR = Mutator(
    code="H2", title="missing or wrong type", plant=_plant, also=frozenset({"X1", "V4", "E1", "P5"})
)
