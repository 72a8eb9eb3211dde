"""What triage looks at: commands whose answers fit in one screen, and their answers as data.

Belongs here: observation. Does not: conclusions (``rules``).
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from opsrange.agents.policy import Output
from opsrange.types import Json

_POD = (
    '{name:.metadata.name, owner:(.metadata.ownerReferences[0].name // ""), phase:.status.phase,'
    " labels:.metadata.labels,"
    " states:[(.status.containerStatuses // [])[] | {ready, restarts:.restartCount,"
    ' waiting:(.state.waiting.reason // ""), last:(.lastState.terminated.reason // "")}]}'
)
_DEPLOYMENT = (
    "{name:.metadata.name, wanted:.spec.replicas, ready:(.status.readyReplicas // 0),"
    " labels:.spec.template.metadata.labels,"
    " containers:[.spec.template.spec.containers[] | {name, ports:[(.ports // [])[]"
    ' | {name:(.name // ""), port:.containerPort}],'
    " probe:(.readinessProbe | (.httpGet // .tcpSocket // .grpc // {}) | .port // null),"
    ' memory:(.resources.limits.memory // "")}]}'
)
_SERVICE = (
    "{name:.metadata.name, selector:(.spec.selector // {}),"
    ' ports:[.spec.ports[] | {name:(.name // ""), port, target:.targetPort}]}'
)
_REVISION = (
    '{owner:(.metadata.ownerReferences[0].name // ""),'
    ' revision:(.metadata.annotations["deployment.kubernetes.io/revision"] | tonumber),'
    " created:.metadata.creationTimestamp, replicas:.spec.replicas,"
    " containers:[.spec.template.spec.containers[] | {name, image,"
    ' env:((.env // []) | map({key:.name, value:(.value // "")}) | from_entries),'
    " resources, probe:.readinessProbe, command, args}]}"
)
_FLAGS = (
    '.items[] | . as $map | (.data // {}) | to_entries[] | select(.value | contains("defaultVariant"))'
    " | {map:$map.metadata.name, key, flags:(.value | fromjson | .flags | map_values({default:.defaultVariant,"
    " variants:(.variants | keys)}))}"
)


@dataclass(slots=True)
class Facts:
    """What was seen in one look around. Each list holds one JSON object per item, as selected above."""

    namespace: str
    alerts: list[Json] = field(default_factory=list)
    pods: list[Json] = field(default_factory=list)
    deployments: list[Json] = field(default_factory=list)
    services: list[Json] = field(default_factory=list)
    endpoints: list[Json] = field(default_factory=list)
    policies: list[Json] = field(default_factory=list)
    quotas: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    scalings: list[Json] = field(default_factory=list)
    revisions: list[Json] = field(default_factory=list)
    flags: list[Json] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    """Which command showed which list, for evidence."""

    def suspects(self) -> list[str]:
        """Services named by alerts that fire, most often named first."""
        counts: dict[str, int] = {}
        for alert in self.alerts:
            for label in (
                "service_name",
                "service",
                "deployment",
                "app",
                "job",
                "pod",
                "container",
            ):
                value = alert["labels"].get(label)
                if value:
                    counts[value] = counts.get(value, 0) + 1
        return sorted(counts, key=lambda name: (-counts[name], name))

    def implicated(self, name: str) -> bool:
        """Whether an alert that fires names this workload or one of its pods."""
        return any(each == name or each.startswith(f"{name}-") for each in self.suspects())


Look = Generator[str, Output, Facts]


def _listing(kind: str, namespace: str, each: str) -> str:
    return f"kubectl get {kind} -n {namespace} -o json | jq -c '{each}'"


def look_around(namespace: str, first_step: int) -> Look:
    """Collect the facts of the namespace.

    Args:
        namespace: where to look.
        first_step: the number of the first command, for evidence.
    """
    facts = Facts(namespace)
    queries = {
        "alerts": "curl -s 'http://alertmanager:9093/api/v2/alerts?active=true' | jq -c '.[] | {labels, startsAt}'",
        "events": _listing(
            "events --field-selector type=Warning",
            namespace,
            ".items | sort_by(.lastTimestamp) | .[-30:][] | {reason, kind:.involvedObject.kind,"
            " name:.involvedObject.name, message:.message[0:300]}",
        ),
        "pods": _listing(
            "pods",
            namespace,
            f'.items[] | {_POD} | select(.phase != "Running" or any(.states[]; (.ready | not) or .restarts > 0))',
        ),
        "deployments": _listing("deployments", namespace, f".items[] | {_DEPLOYMENT}"),
        "services": _listing("services", namespace, f".items[] | {_SERVICE}"),
        "endpoints": _listing(
            "endpoints",
            namespace,
            ".items[] | {name:.metadata.name, count:([.subsets[]?.addresses[]?] | length)}",
        ),
        "policies": _listing(
            "networkpolicies",
            namespace,
            ".items[] | {name:.metadata.name, created:.metadata.creationTimestamp, spec}",
        ),
        "quotas": _listing(
            "resourcequotas",
            namespace,
            ".items[] | {name:.metadata.name, hard:.spec.hard, used:.status.used}",
        ),
        "scalings": _listing(
            "events --field-selector reason=ScalingReplicaSet",
            namespace,
            ".items | sort_by(.lastTimestamp) | .[-30:][] | {name:.involvedObject.name, message}",
        ),
        "revisions": _listing(
            "replicasets",
            namespace,
            f"[.items[] | {_REVISION}] | group_by(.owner)[] | select(length > 1) | sort_by(.revision) | .[-2:][]",
        ),
        "flags": _listing("configmaps", namespace, _FLAGS),
    }
    for offset, (name, command) in enumerate(queries.items()):
        output = yield command
        facts.steps[name] = first_step + offset
        setattr(facts, name, _objects(output.text))
    return facts


def _objects(text: str) -> list[Json]:
    """One JSON object per line; what was cut off is not there."""
    found: list[Any] = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [each for each in found if isinstance(each, dict)]
