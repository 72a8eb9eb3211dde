"""What can be shown inside one world: quiet before, alarm after, healing by removal and by nothing less."""

from __future__ import annotations

from pydantic import BaseModel

from opsrange.errors import OpsrangeError, Owner, boundary
from opsrange.scenarios.conclusion import conclude
from opsrange.scenarios.instance import Instance
from opsrange.scenarios.spec import find_scenario
from opsrange.scoring.regrade import regrade
from opsrange.types import MINUTE_MS
from opsrange.world import branch

QUIET_MS = 20 * MINUTE_MS


class Check(BaseModel):
    """One thing that had to be shown."""

    name: str
    ok: bool
    detail: str = ""


class Proof(BaseModel):
    """All that was shown of one instance."""

    instance: str
    checks: list[Check]

    @property
    def proven(self) -> bool:
        """Whether every check holds. An instance with no check is not proven."""
        return bool(self.checks) and all(check.ok for check in self.checks)


def prove_in_world(scenario: str, seed: int) -> Proof:
    """Build scenario@seed and intervene in forks of it.

    Args:
        scenario: a scenario's id.
        seed: the instance's seed.

    Raises:
        OperatorError: when there is no such scenario.
    """
    checks: list[Check] = []
    name = f"{scenario}@{seed}"
    try:
        with boundary(Owner.AUTHOR, f"building {name}"):
            instance = Instance(find_scenario(scenario), seed)
            checks.append(branch(lambda: _quiet(instance)))
            instance.break_it()
        checks.append(_alerts(instance))
        checks.append(branch(lambda: _after("removing the fault heals", instance, remove=True)))
        checks.append(
            branch(lambda: _after("leaving the fault does not heal", instance, remove=False))
        )
    except OpsrangeError as error:
        checks.append(Check(name="the instance can be built", ok=False, detail=str(error)))
    return Proof(instance=name, checks=checks)


def _quiet(instance: Instance) -> Check:
    estate = instance.estate
    estate.advance(QUIET_MS)
    alerts = estate.paging_alerts()
    worst = min(estate.health(QUIET_MS).values())
    return Check(
        name="the healthy twin is quiet",
        ok=not alerts and worst >= 0.99,
        detail=f"worst success ratio {worst:.4f}; alerts: {', '.join(alert.name for alert in alerts) or 'none'}",
    )


def _alerts(instance: Instance) -> Check:
    seconds = (instance.paged_ms - instance.injected_ms) // 1000
    names = ", ".join(sorted({alert.name for alert in instance.alerts}))
    return Check(
        name="the fault raises an alert",
        ok=bool(instance.alerts),
        detail=f"{names} after {seconds} s",
    )


def _after(name: str, instance: Instance, *, remove: bool) -> Check:
    instance.begin()
    if remove:
        instance.fault.remove(instance.estate, instance.params)
    verdict = regrade(conclude(instance, {"report": None}))
    met = verdict.repair is not None and verdict.repair.objective.met
    reasons = "" if verdict.repair is None else "; ".join(verdict.repair.reasons[:3])
    return Check(name=name, ok=met is remove, detail=reasons)
