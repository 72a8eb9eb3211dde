"""E4: turns to a wrong namespace, and everything later fails for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from opsrange.planted.brief import Brief
from opsrange.planted.endings import stuck
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Position, Purpose

_CASCADE_MIN = 2
"""So many later commands must be led astray, or nothing cascades."""


def _plant(plan: Plan, brief: Brief) -> Plan:
    start = {
        Position.EARLY: 1,
        Position.MIDDLE: plan.first(Purpose.FACT),
        Position.LATE: plan.first(Purpose.REPAIR),
    }[brief.position]
    named = re.compile(rf" (-n|--namespace)[ =]{re.escape(brief.namespace)}\b")
    while start > 1 and _named_in(plan.acts[start:], named) < _CASCADE_MIN:
        start -= 1
    wrong = f"{brief.namespace}-prod"
    turn = brief.pick(
        "kubectl config set-context --current --namespace=default",
        f"kubectl create namespace {wrong} && kubectl config set-context --current --namespace={wrong}",
        f"kubectl config set-context production --namespace={wrong}",
    )
    later = [
        replace(act, command=named.sub("", act.command)) if isinstance(act.command, str) else act
        for act in plan.acts[start:]
    ]
    acts = (*plan.acts[:start], Act(turn, code="E4"), *later)
    return replace(plan, acts=acts).reporting(stuck(brief))


def _named_in(acts: Sequence[Act], named: re.Pattern[str]) -> int:
    return sum(isinstance(act.command, str) and bool(named.search(act.command)) for act in acts)


MUTATOR = Mutator(
    code="E4",
    title="cascade",
    plant=_plant,
    also=frozenset({"X3", "O2", "P3", "E1", "L1", "L2", "X1", "X4", "V4", "H3", "P5"}),
)
