"""L1: asks the right store through a filter behind which the fact does not lie."""

from __future__ import annotations

from dataclasses import replace

from opsrange.agents.policy import KeyFact
from opsrange.planted import surface
from opsrange.planted.brief import Brief
from opsrange.planted.endings import unresolved
from opsrange.planted.investigator import blind_looks, idle
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose


def _plant(plan: Plan, brief: Brief) -> Plan:
    looks = [Act(command) for command in blind_looks(brief, plan.first(Purpose.FACT))]
    reads = [Act(_missing(brief, fact), code="L1") for fact in brief.facts]
    rest = [act for act in plan.acts if act.purpose is Purpose.AFTER]
    return replace(plan, acts=(*looks, *reads, *idle(brief, 1 + len(rest)))).reporting(
        unresolved(brief)
    )


def _missing(brief: Brief, fact: KeyFact) -> str:
    """The read that would show a fact, scoped so that it does not."""
    read, n, service = surface.fact(brief, fact), brief.namespace, brief.service
    elsewhere = read.replace(f" {n}", " default").replace(f"={n}", "=default")
    kinds = "pods,deployments,services,configmaps,networkpolicies,resourcequotas,events"
    return brief.pick(
        elsewhere.replace(f"/{n}/", "/default/"),
        f"kubectl -n {n} get {kinds} -l app={service}",
        f"kubectl get {kinds} --namespace={n} --selector=service={service}",
        f"{read} | grep '{service.upper()}'",
        f"kubectl -n {n} get events --field-selector involvedObject.name={service}-pod; kubectl -n {n} logs"
        f" deployment/{brief.healthy} --since=5s",
    )


MUTATOR = Mutator(
    code="L1",
    title="wrong window, scope or filter",
    plant=_plant,
    also=frozenset({"H3", "P3", "V4"}),
)
