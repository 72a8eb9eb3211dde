"""Tries something that does not help, sees that it did not, and then repairs."""

from __future__ import annotations

from opsrange.planted import surface
from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Act, Plan, Purpose


def _vary(plan: Plan, brief: Brief) -> Plan:
    tried = [Act(_futile(brief)), Act(f"sleep 60; {surface.errors(brief)}")]
    if brief.kind == "networkpolicy":
        tried.append(Act(surface.own(brief, "networkpolicy", brief.name)))
    return plan.insert(plan.first(Purpose.REPAIR), *tried)


def _futile(brief: Brief) -> str:
    """Before a rollback no new revision may come: it would be the one to roll back."""
    if not any("undo" in repair for repair in brief.repairs):
        return brief.futile
    pods = (
        f"kubectl -n {brief.namespace} get pods -l app.kubernetes.io/name={brief.service} -o name"
    )
    return f"kubectl -n {brief.namespace} delete $({pods} | tail -1)"


CONTROL = Control(
    name="repaired-error", title="an error that is repaired", vary=_vary, also=frozenset({"X3"})
)
