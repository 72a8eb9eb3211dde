"""What triage concludes: each rule turns facts into hypotheses, surest rules first.

Belongs here: one function per kind of trouble. Does not: observation, order of play.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opsrange.agents.policies.triage.facts import Facts
from opsrange.types import Json


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A cause that would explain what was seen, and the fix that goes with it."""

    entity: str
    mechanism: str
    fix: str
    """A shell command line."""
    step: int
    """The command that showed the evidence."""
    quote: str
    confidence: float


Rule = Callable[[Facts], Iterator[Hypothesis]]


def _patch(facts: Facts, target: str, operations: list[Json]) -> str:
    return f"kubectl patch {target} -n {facts.namespace} --type json -p '{json.dumps(operations)}'"


def _undo(facts: Facts, name: str) -> str:
    return (
        f"kubectl rollout undo deployment/{name} -n {facts.namespace} && "
        f"kubectl rollout status deployment/{name} -n {facts.namespace} --timeout=180s"
    )


def _history(facts: Facts, name: str) -> tuple[Json, Json] | None:
    """The previous and the present revision of a deployment, if it has two."""
    found = [each for each in facts.revisions if each["owner"] == name]
    return (found[-2], found[-1]) if len(found) >= 2 else None


def _changed(facts: Facts, name: str) -> set[str]:
    """Which parts of the first containers differ between the last two revisions."""
    pair = _history(facts, name)
    if pair is None:
        return set()
    before, after = ({each["name"]: each for each in revision["containers"]} for revision in pair)
    return {
        part
        for container, spec in after.items()
        for part, value in spec.items()
        if before.get(container, {}).get(part) != value
    }


def _deployment_of(facts: Facts, pod: Json) -> str:
    names = [each["name"] for each in facts.deployments]
    owners = [name for name in names if pod["owner"].rsplit("-", 1)[0] == name]
    return owners[0] if owners else str(pod["owner"]).rsplit("-", 1)[0]


def quota(facts: Facts) -> Iterator[Hypothesis]:
    """Pods that may not be created because a quota is used up: double what is exhausted."""
    for event in facts.events:
        found = re.search(r"exceeded quota: ([^,\s]+)", event["message"])
        if not found:
            continue
        named = [each for each in facts.quotas if each["name"] == found[1]]
        resources = re.findall(r"limited: ([^\s].*)$", event["message"])
        exhausted = re.findall(r"([\w./-]+)=", resources[0]) if resources else []
        hard = named[0]["hard"] if named else {}
        larger = {key: _doubled(hard[key]) for key in exhausted if key in hard}
        if larger:
            yield Hypothesis(
                entity=f"{facts.namespace}/ResourceQuota/{found[1]}",
                mechanism="the quota is exhausted, so pods cannot be created",
                fix=f"kubectl patch resourcequota {found[1]} -n {facts.namespace} --type merge "
                f"-p '{json.dumps({'spec': {'hard': larger}})}'",
                step=facts.steps["events"],
                quote=found[0],
                confidence=0.95,
            )


def _doubled(quantity: str) -> str:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(\D*)", str(quantity))
    return f"{float(found[1]) * 2:g}{found[2]}" if found else str(quantity)


def scaled_to_zero(facts: Facts) -> Iterator[Hypothesis]:
    """A workload somebody scaled away."""
    for deployment in facts.deployments:
        if deployment["wanted"] == 0:
            name = deployment["name"]
            yield Hypothesis(
                entity=f"{facts.namespace}/Deployment/{name}",
                mechanism="the deployment is scaled to zero",
                fix=f"kubectl scale deployment/{name} -n {facts.namespace} --replicas={_former(facts, name)} && "
                f"kubectl rollout status deployment/{name} -n {facts.namespace} --timeout=180s",
                step=facts.steps["deployments"],
                quote=f'"name":"{name}","wanted":0',
                confidence=0.9 if facts.implicated(name) else 0.6,
            )


def _former(facts: Facts, name: str) -> int:
    """How many replicas a deployment last had, as its events tell; 1 when they do not."""
    counts = [
        int(found[1])
        for event in facts.scalings
        if event["name"] == name and (found := re.search(r" to 0 from (\d+)", event["message"]))
    ]
    return counts[-1] if counts else 1


def broken_pods(facts: Facts) -> Iterator[Hypothesis]:
    """Pods that cannot start or keep dying: back to the revision that worked, or more memory where there is none."""
    seen = set()
    for pod in facts.pods:
        name = _deployment_of(facts, pod)
        reasons = {state["waiting"] for state in pod["states"]} | {
            state["last"] for state in pod["states"]
        }
        reason = next(
            (each for each in _POD_TROUBLE if each in reasons),
            "",
        )
        if not reason or name in seen:
            continue
        seen.add(name)
        if _history(facts, name):
            fix = _undo(facts, name)
        elif reason == "OOMKilled":
            memory = next(
                (
                    each["containers"][0]["memory"]
                    for each in facts.deployments
                    if each["name"] == name
                ),
                "",
            )
            fix = (
                f"kubectl set resources deployment/{name} -n {facts.namespace} "
                f"--limits=memory={_doubled(_doubled(memory))}"
            )
        else:
            continue
        yield Hypothesis(
            entity=f"{facts.namespace}/Deployment/{name}",
            mechanism=f"its pods fail with {reason} since its last change",
            fix=fix,
            step=facts.steps["pods"],
            quote=reason,
            confidence=0.9,
        )


_POD_TROUBLE = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "OOMKilled",
    "CrashLoopBackOff",
)


def wrong_probe(facts: Facts) -> Iterator[Hypothesis]:
    """Pods that run but are never ready because the probe asks a port nobody listens on."""
    for deployment in facts.deployments:
        name = deployment["name"]
        for index, container in enumerate(deployment["containers"]):
            ports = {each["port"] for each in container["ports"]} | {
                each["name"] for each in container["ports"]
            }
            if container["probe"] is None or not ports or container["probe"] in ports:
                continue
            path = f"/spec/template/spec/containers/{index}/readinessProbe"
            patched = (
                f"kubectl get deployment {name} -n {facts.namespace} -o json | "
                f"jq '.spec.template.spec.containers[{index}].readinessProbe |= "
                f"(if .httpGet then .httpGet.port={container['ports'][0]['port']} "
                f"elif .tcpSocket then .tcpSocket.port={container['ports'][0]['port']} "
                f"else .grpc.port={container['ports'][0]['port']} end)' | kubectl replace -f -"
            )
            changed = "probe" in _changed(facts, name)
            yield Hypothesis(
                entity=f"{facts.namespace}/Deployment/{name}",
                mechanism=f"the readiness probe asks port {container['probe']}, which is not served ({path})",
                fix=_undo(facts, name) if changed else patched,
                step=facts.steps["deployments"],
                quote=f'"probe":{json.dumps(container["probe"])}',
                confidence=0.9,
            )


def blocked(facts: Facts) -> Iterator[Hypothesis]:
    """A network policy that selects a workload and admits nobody who is there, newest first."""
    for policy in sorted(facts.policies, key=lambda each: str(each["created"]), reverse=True):
        spec = policy["spec"]
        selector = (spec.get("podSelector") or {}).get("matchLabels") or {}
        selected = [each for each in facts.deployments if _carries(each["labels"], selector)]
        if "Ingress" not in (spec.get("policyTypes") or ["Ingress"]) or not selected:
            continue
        if any(_admits(rule, facts) for rule in spec.get("ingress") or []):
            continue
        yield Hypothesis(
            entity=f"{facts.namespace}/NetworkPolicy/{policy['name']}",
            mechanism="the policy selects the workload and admits none of its callers",
            fix=f"kubectl delete networkpolicy {policy['name']} -n {facts.namespace}",
            step=facts.steps["policies"],
            quote=f'"name":"{policy["name"]}"',
            confidence=0.85,
        )


def _carries(labels: Json, selector: Json) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _admits(rule: Json, facts: Facts) -> bool:
    """Whether an ingress rule lets some workload of the namespace in. What it cannot read counts as admitting."""
    peers = rule.get("from")
    if not peers:
        return True
    for peer in peers:
        pods = peer.get("podSelector")
        if pods is None or "namespaceSelector" in peer or "matchExpressions" in pods:
            return True
        if any(
            _carries(each["labels"], pods.get("matchLabels") or {}) for each in facts.deployments
        ):
            return True
    return False


def wrong_selector(facts: Facts) -> Iterator[Hypothesis]:
    """A service that selects nobody although the workload of its name is there."""
    deployments = {each["name"]: each for each in facts.deployments}
    for service in facts.services:
        name, selector = service["name"], service["selector"]
        deployment = deployments.get(name)
        if deployment is None or not selector:
            continue
        labels = deployment["labels"]
        wrong = {key: value for key, value in selector.items() if labels.get(key) != value}
        if not wrong:
            continue
        right: dict[str, str | None] = {key: labels.get(key) for key in wrong}
        patch = json.dumps({"spec": {"selector": right}})
        yield Hypothesis(
            entity=f"{facts.namespace}/Service/{name}",
            mechanism=f"its selector asks for {wrong}, which its pods do not carry",
            fix=f"kubectl patch service {name} -n {facts.namespace} --type merge -p '{patch}'",
            step=facts.steps["services"],
            quote=json.dumps(selector, separators=(",", ":")),
            confidence=0.95,
        )


def wrong_target_port(facts: Facts) -> Iterator[Hypothesis]:
    """A service that sends to a port its pods do not have."""
    deployments = {each["name"]: each for each in facts.deployments}
    for service in facts.services:
        deployment = deployments.get(service["name"])
        if deployment is None:
            continue
        ports = [port for container in deployment["containers"] for port in container["ports"]]
        known = {port["port"] for port in ports} | {port["name"] for port in ports}
        for index, port in enumerate(service["ports"]):
            if not ports or port["target"] in known:
                continue
            right = next(
                (
                    each["port"]
                    for each in ports
                    if each["port"] == port["port"]
                    or (each["name"] and each["name"] == port["name"])
                ),
                ports[0]["port"],
            )
            operation = {"op": "replace", "path": f"/spec/ports/{index}/targetPort", "value": right}
            yield Hypothesis(
                entity=f"{facts.namespace}/Service/{service['name']}",
                mechanism=f"its target port {port['target']} is not served by its pods",
                fix=_patch(facts, f"service {service['name']}", [operation]),
                step=facts.steps["services"],
                quote=f'"target":{json.dumps(port["target"])}',
                confidence=0.9,
            )


def feature_flag(facts: Facts) -> Iterator[Hypothesis]:
    """A failure flag that is on."""
    for document in facts.flags:
        for flag, state in document["flags"].items():
            if "off" not in state["variants"] or state["default"] == "off":
                continue
            fixed = (
                f"kubectl get configmap {document['map']} -n {facts.namespace} -o json | "
                f'jq \'.data["{document["key"]}"] |= (fromjson | .flags["{flag}"].defaultVariant="off" | tojson)\' | '
                "kubectl replace -f -"
            )
            yield Hypothesis(
                entity=f"{facts.namespace}/ConfigMap/{document['map']}",
                mechanism=f"feature flag {flag} is set to {state['default']}",
                fix=fixed,
                step=facts.steps["flags"],
                quote=f'"{flag}":{{"default":"{state["default"]}"',
                confidence=0.8,
            )


def wrong_address(facts: Facts) -> Iterator[Hypothesis]:
    """A variable of the last change that points to a service, or a port of one, that does not exist."""
    ports = {each["name"]: {str(port["port"]) for port in each["ports"]} for each in facts.services}
    for name in sorted({each["owner"] for each in facts.revisions}):
        pair = _history(facts, name)
        if pair is None or "env" not in _changed(facts, name):
            continue
        before = {
            key: value
            for container in pair[0]["containers"]
            for key, value in container["env"].items()
        }
        after = {
            key: value
            for container in pair[1]["containers"]
            for key, value in container["env"].items()
        }
        for key, value in after.items():
            found = _ADDRESS.fullmatch(value)
            if (
                value == before.get(key)
                or found is None
                or found["port"] in ports.get(found["host"], set())
            ):
                continue
            yield Hypothesis(
                entity=f"{facts.namespace}/Deployment/{name}",
                mechanism=f"{key} was changed to {value}, where nothing answers",
                fix=_undo(facts, name),
                step=facts.steps["revisions"],
                quote=f'"{key}":"{value}"',
                confidence=0.9,
            )


_ADDRESS = re.compile(r"(?:https?://)?(?P<host>[a-z][a-z0-9.-]*):(?P<port>\d+)(?:/.*)?")


def recent_release(facts: Facts) -> Iterator[Hypothesis]:
    """The latest change to a deployment, those that alerts name first."""
    names = sorted({each["owner"] for each in facts.revisions})
    changes = [(name, pair[1]["created"]) for name in names if (pair := _history(facts, name))]
    changes.sort(key=lambda change: change[1], reverse=True)
    for name, created in sorted(changes, key=lambda change: not facts.implicated(change[0])):
        parts = ", ".join(sorted(_changed(facts, name))) or "its template"
        yield Hypothesis(
            entity=f"{facts.namespace}/Deployment/{name}",
            mechanism=f"its last change, of {parts} at {created}, broke it",
            fix=_undo(facts, name),
            step=facts.steps["revisions"],
            quote=f'"owner":"{name}"',
            confidence=0.6 if facts.implicated(name) else 0.4,
        )


RULES: tuple[Rule, ...] = (
    quota,
    wrong_selector,
    wrong_target_port,
    scaled_to_zero,
    wrong_probe,
    broken_pods,
    wrong_address,
    blocked,
    feature_flag,
    recent_release,
)


def hypotheses(facts: Facts) -> list[Hypothesis]:
    """All conclusions, in the order in which they deserve to be tried; one per entity."""
    by_entity: dict[str, Hypothesis] = {}
    for rule in RULES:
        for hypothesis in rule(facts):
            by_entity.setdefault(hypothesis.entity, hypothesis)
    return list(by_entity.values())
