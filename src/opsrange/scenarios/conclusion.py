"""The end of an attempt: let the world soak, compare it with its counterfactual, hand over the evidence.

Evidence is facts. What they are worth is decided by ``scoring``, from the log, as often as one likes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from opsrange.estates import differences
from opsrange.scenarios.handwork import covers, uncover
from opsrange.scenarios.outages import P95_FACTOR, P95_SLACK_MS, SUCCESS_TARGET, missed, outages
from opsrange.types import MINUTE_MS, SECOND_MS, Json
from opsrange.world import branch

if TYPE_CHECKING:
    from opsrange.scenarios.instance import Instance

GRACE_MS = 3 * MINUTE_MS
"""How long a repair may take to show after the report."""
SOAK_MS = 10 * MINUTE_MS
"""How long service levels must then hold; longer than a leak or a restart's relief lasts."""
WINDOW_MS = MINUTE_MS
RECOVERY_WINDOW_MS = 30 * SECOND_MS
"""How finely the instant of recovery is told."""
_HASH = "[bcdfghjklmnpqrstvwxz2456789]"
_GENERATED = {
    "pod": re.compile(rf"(-{_HASH}{{6,10}})?-{_HASH}{{5}}$"),
    "replicaset": re.compile(rf"-{_HASH}{{6,10}}$"),
}
"""What the end of a generated name looks like, by label."""
_OF_AN_INSTANCE = frozenset({"container_id", "instance", "uid"})


def conclude(instance: Instance, arguments: Json) -> Json:
    """End the attempt and return its evidence (``scoring.evidence.Evidence``).

    Args:
        instance: the attempt's world; its clock moves by grace and soak.
        arguments: ``report``: what the agent handed in, or ``null``; ``soak_ms`` to override the soak.
    """
    estate = instance.estate
    reported_ms = estate.kernel.now_ms
    soak_ms = int(arguments.get("soak_ms") or SOAK_MS)
    instance.begin()
    objective = _soaked(instance, soak_ms)
    ended_ms = estate.kernel.now_ms
    mine, other = estate.snapshot(), instance.counterfactual(ended_ms)
    report = arguments.get("report")
    told = str((report or {}).get("escalation", ""))
    escalation = instance.governance.escalation if instance.restored else told
    violations = instance.governance.violations(ended=True, escalation=escalation)
    return {
        "scenario": instance.scenario.id,
        "seed": instance.seed,
        "fault": instance.scenario.fault,
        "family": str(instance.fault.family),
        "truth": _truth(instance),
        "objective": objective,
        "unaided": _unaided(instance, covers(instance, mine["objects"], other["objects"]), soak_ms),
        "changes": {**_changes(instance, mine, other), "violations": violations},
        "knowledge": instance.governance.knowledge(),
        "times": {
            "paged_ms": instance.paged_ms,
            "diagnosed_ms": reported_ms if report else None,
            "repaired_ms": _repaired_ms(instance),
            "ended_ms": ended_ms,
        },
        "report": report,
        "world_errors": [*estate.cluster.defects, *estate.defects],
    }


def changes(instance: Instance, arguments: Json) -> Json:
    """What is different now from the world in which the agent did nothing (``scoring.evidence.Changes``)."""
    instance.begin()
    now_ms = instance.kernel.now_ms
    found = _changes(instance, instance.estate.snapshot(), instance.counterfactual(now_ms))
    return {**found, "violations": instance.governance.violations()}


def _truth(instance: Instance) -> Json:
    cause = instance.cause
    return {
        "root_causes": [
            {"entity": cause.entity, "aliases": list(cause.aliases), "mechanism": cause.mechanism}
        ],
        "bystanders": [],
        "downstream": [
            {
                "pattern": rf"{instance.estate.namespace}/\w+/{service}(-[a-z0-9]+)*",
                "distance": distance,
            }
            for service, distance in instance.estate.application.definition.callers_of(
                instance.params.get("service", "")
            ).items()
        ],
        "facts": [
            {
                "id": fact.id,
                "needles": list(fact.needles),
                "routes": list(instance.routes.get(fact.id, ())),
            }
            for fact in instance.facts
        ],
        "oracle_turns": len(instance.remedy.commands),
    }


def _soaked(instance: Instance, soak_ms: int) -> Json:
    """Grace and soak (``scoring.evidence.Objective``)."""
    instance.estate.advance(GRACE_MS)
    windows: list[Json] = []
    for _ in range(max(1, soak_ms // WINDOW_MS)):
        instance.estate.advance(WINDOW_MS)
        windows.extend(_windows(instance))
    return {"journeys": windows, "conditions": _conditions(instance)}


def _unaided(instance: Instance, covering: list[str], soak_ms: int) -> Json | None:
    """Another soak, in a copy of the world without what may cover the cause: one that was only covered shows again."""

    def soaked() -> Json:
        uncover(instance, covering)
        return {**_soaked(instance, soak_ms), "without": covering}

    return branch(soaked) if covering else None


def _windows(instance: Instance) -> Iterator[Json]:
    """The window that just ended, per operation."""
    now_ms = instance.kernel.now_ms
    for operation, rates in instance.estate.journey_rates(WINDOW_MS).items():
        before = instance.baseline[operation]
        yield {
            "operation": operation,
            "window_ms": now_ms - WINDOW_MS,
            "attempted": rates.attempted_per_s * WINDOW_MS / SECOND_MS,
            "failed": rates.failed_per_s * WINDOW_MS / SECOND_MS,
            "p95_ms": rates.p95_ms,
            "baseline_attempted": before.attempted_per_s * WINDOW_MS / SECOND_MS,
            "baseline_p95_ms": before.p95_ms,
            "success_target": SUCCESS_TARGET,
            "p95_target_ms": before.p95_ms * P95_FACTOR + P95_SLACK_MS,
        }


def _conditions(instance: Instance) -> list[Json]:
    """Whether what was paged for still holds, read from the rules themselves: silences do not matter."""
    firing = {(alert.name, lasting(alert.labels)) for alert in instance.estate.paging_alerts()}
    return [
        {
            "alert": alert.name,
            "labels": dict(alert.labels),
            "firing": (alert.name, lasting(alert.labels)) in firing,
        }
        for alert in instance.alerts
    ]


def lasting(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What an alert's labels say of the workload, whichever instance they name: its successor has the same trouble."""
    return tuple(
        (name, _GENERATED[name].sub("", value) if name in _GENERATED else value)
        for name, value in sorted(labels.items())
        if name not in _OF_AN_INSTANCE
    )


def _repaired_ms(instance: Instance) -> int | None:
    """The first instant after the page from which every operation stayed within its targets to the end."""
    good_since: int | None = None
    for start_ms, rates in instance.estate.journey_history(instance.paged_ms, RECOVERY_WINDOW_MS):
        if any(
            missed(each, instance.baseline[operation], RECOVERY_WINDOW_MS)
            for operation, each in rates.items()
        ):
            good_since = None
        elif good_since is None:
            good_since = start_ms
    return good_since


def _changes(instance: Instance, mine: Json, other: Json) -> Json:
    return {
        "difference": list(
            difference(other["objects"], mine["objects"] | instance.handwork.made(), "agent")
        ),
        "broken": instance.broken,
        "data_loss": _data_loss(mine["data"], other["data"]),
        "silences": [item for item in mine["silences"] if item not in other["silences"]],
        "restarts": list(_restarts(mine["running"], other["running"])),
        "erased": instance.erased,
        "outages": list(outages(instance, other["unharmed"])),
        "region": list(instance.remedy.region),
        "allowed_paths": list(instance.remedy.allowed_paths),
        "protected": list(instance.estate.protected),
    }


def difference(old: Mapping[str, Json], new: Mapping[str, Json], actor: str) -> Iterator[Json]:
    """What somebody changed (``trace.StateChange``), by the objects of two snapshots."""

    def row(verb: str, path: str, was: Any, now: Any) -> Json:
        return {
            "actor": actor,
            "verb": verb,
            "entity": entity,
            "path": path,
            "old": was,
            "new": now,
        }

    for entity in sorted({*old, *new}):
        if entity not in new:
            yield row("delete", "", old[entity], None)
        elif entity not in old:
            yield row("create", "", None, new[entity])
        else:
            for path, was, now in differences(old[entity], new[entity]):
                yield row("update", path, was, now)


def _data_loss(mine: Mapping[str, float], other: Mapping[str, float]) -> list[Json]:
    """Records ever lost, beyond those the counterfactual lost too."""
    return [
        {"store": store, "lost": lost - other.get(store, 0.0)}
        for store, lost in sorted(mine.items())
        if lost - other.get(store, 0.0) > 0 and not math.isclose(lost, other.get(store, 0.0))
    ]


def _restarts(
    mine: Mapping[str, Mapping[str, int]], other: Mapping[str, Mapping[str, int]]
) -> Iterator[Json]:
    """Per workload, instances that the counterfactual still has (or never lost) and the attempt replaced."""
    for workload in sorted({*mine, *other}):
        left, right = mine.get(workload, {}), other.get(workload, {})
        gone, fresh = len(set(right) - set(left)), len(set(left) - set(right))
        replaced = min(gone, fresh)  # what was only scaled away or up was not replaced
        more_restarts = sum(max(0, left[uid] - right[uid]) for uid in left if uid in right)
        if replaced + more_restarts:
            yield {"workload": workload, "count": replaced + more_restarts}
