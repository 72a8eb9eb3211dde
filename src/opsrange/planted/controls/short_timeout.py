"""Waits too briefly for a rollout, is told so, and waits again."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    n, service = brief.namespace, brief.service
    short = Act(f"kubectl -n {n} rollout status deployment/{service} --timeout=1s", Purpose.CHECK)
    enough = Act(
        f"kubectl -n {n} rollout status deployment/{service} --timeout=300s", Purpose.CHECK
    )
    return plan.insert(plan.repaired_at, short, enough)


CONTROL = Control(
    name="short-timeout",
    title="a wait that is too short, then long enough",
    vary=_vary,
    also=frozenset({"X5", "E3"}),
)
