"""X1: mistypes the repair in more than one way and never gets it right."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.endings import stuck
from opsrange.planted.mutator import Mutator
from opsrange.planted.plan import Act, Plan, Purpose

_TYPOS = (
    ("rollout undo", "rolout undo"),
    ("set env", "setenv"),
    ("set resources", "set resorces"),
    ("scale ", "scael "),
    ("patch ", "pacth "),
    ("delete ", "delte "),
    ("kubectl replace", "kubectl repalce"),
)


def _plant(plan: Plan, brief: Brief) -> Plan:
    repair = brief.repairs[-1]
    ways = [repair.replace("kubectl", brief.pick("kubctl", "kubeclt", "kubetcl")), f"{repair} '"]
    ways += [repair.replace(right, wrong) for right, wrong in _TYPOS if right in repair]
    if "deployment/" in repair:
        ways.append(repair.replace("deployment/", brief.pick("deploymnt/", "depolyment/")))
    chosen = brief.stream.sample(ways, 2)
    tries = [Act(command, Purpose.REPAIR, code="X1") for command in chosen]
    return plan.instead(Purpose.REPAIR, *tries).reporting(stuck(brief))


MUTATOR = Mutator(
    code="X1", title="malformed invocation", plant=_plant, also=frozenset({"V4", "E1", "P5"})
)
