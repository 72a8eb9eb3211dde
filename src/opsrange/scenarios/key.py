"""The answer key of an instance: what scripted agents that are meant to know it are given.

It is fixed at the page, so that an agent which asks at each turn is told the same each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsrange.types import Json

if TYPE_CHECKING:
    from opsrange.scenarios.instance import Instance


def answer_key(instance: Instance) -> Json:
    """The oracle's commands and report, and what there is around the fault (``agents.policy.AnswerKey``)."""
    cause = instance.cause
    report = {
        "root_causes": [{"entity": cause.entity, "mechanism": cause.mechanism, "evidence": []}],
        "healthy": True,
        "confidence": 1.0,
        "summary": cause.mechanism,
        "escalation": instance.governance.escalation,
    }
    knowledge = instance.governance.knowledge() or {}
    return {
        "commands": list(instance.remedy.commands),
        "report": report,
        "plain_commands": list(instance.governance.uninformed(instance.plain).commands),
        "stale_commands": list(instance.governance.outdated(instance.plain).commands),
        "stale_escalation": instance.governance.outdated_escalation,
        "rule_needles": knowledge.get("needles", []),
        "surroundings": {
            **_surroundings(instance),
            "governing": knowledge.get("governing", []),
            "superseded": knowledge.get("superseded", []),
        },
    }


def _surroundings(instance: Instance) -> Json:
    service = _service(instance)
    callers = instance.estate.application.definition.callers_of(service)
    critical = [name for name in instance.estate.critical_services if name != service]
    healthy = [name for name in critical if name not in callers] or critical
    return {
        "namespace": instance.estate.namespace,
        "service": service,
        "healthy": healthy,
        "downstream": [name for name in callers if name != "load-generator"],
        "symptoms": [
            {"alert": alert.name, "labels": dict(alert.labels)} for alert in instance.alerts
        ],
        "region": list(instance.remedy.region),
        "facts": [
            {
                "id": fact.id,
                "needles": list(fact.needles),
                "routes": list(instance.routes.get(fact.id, ())),
            }
            for fact in instance.facts
        ],
    }


def _service(instance: Instance) -> str:
    """The service that the fault breaks; for a feature flag the one that evaluates it."""
    named = instance.params.get("service")
    if named:
        return str(named)
    services = instance.estate.application.definition.services
    flag = instance.params.get("flag")
    return next((name for name, each in services.items() if flag in each.flags), "")
