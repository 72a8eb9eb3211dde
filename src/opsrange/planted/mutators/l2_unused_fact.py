"""L2: sees every fact and answers with something else that was loud."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import blaming
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    n, other = brief.namespace, brief.healthy
    entity, mechanism, read = brief.stream.choice(
        (
            (
                f"{n}/Deployment/{other}",
                f"{other} was changed lately and is the likely culprit",
                f"kubectl -n {n} rollout history deployment/{other}",
            ),
            (
                "monitoring/Deployment/jaeger",
                "jaeger is throttled and slows everything down",
                "kubectl -n monitoring get pods",
            ),
            (
                f"{n}/Deployment/email",
                "email was restarted recently and misbehaves",
                f"kubectl -n {n} get pods -l app.kubernetes.io/name=email",
            ),
        )
    )
    looked = plan.without(Purpose.REPAIR, Purpose.CHECK)
    looked = looked.insert(looked.first(Purpose.AFTER), Act(read))
    return looked.reporting(blaming(brief, entity, mechanism), "L2")


MUTATOR = Mutator(code="L2", title="shown, unused", plant=_plant, also=frozenset({"V4", "P3"}))
