"""Daemon sets: one pod on every node that takes it. Updates replace pods one at a time."""

from __future__ import annotations

from opsrange.kube.admission import suffix
from opsrange.kube.controllers.deployments import template_hash
from opsrange.kube.controllers.replica_sets import pod_from_template
from opsrange.kube.controllers.writes import (
    Controller,
    Create,
    Delete,
    Emit,
    Key,
    Retry,
    SetStatus,
    Writes,
    itself,
    owner_of_kind,
)
from opsrange.kube.node.scheduler import unwelcome
from opsrange.kube.view import View, owned_by, pod_active, pod_ready
from opsrange.types import Json

_HASH = "controller-revision-hash"
_TOLERATED = tuple(
    {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
    for name, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)


def _pod(owner: Json, node: str, digest: str, now_ms: int) -> Json:
    name = owner["metadata"]["name"]
    seed = f"{owner['metadata']['uid']}/{node}/{now_ms}"
    pod = pod_from_template(owner, f"{name}-{suffix(seed)}")
    labels = {**pod["metadata"].get("labels", {}), _HASH: digest}
    pod["metadata"] |= {"generateName": f"{name}-", "labels": labels}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    tolerations = [*pod["spec"].get("tolerations", ()), *_TOLERATED]
    affinity = {"affinity": {"nodeAffinity": required}}
    pod["spec"] = {**pod["spec"], **affinity, "tolerations": tolerations, "nodeName": node}
    return pod


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """One step of one daemon set."""
    owner = view.get("DaemonSet", key.namespace, key.name)
    if owner is None or "deletionTimestamp" in owner["metadata"]:
        return
    digest = template_hash(owner["spec"]["template"])
    pods = list(owned_by(view.list("Pod", key.namespace), owner["metadata"]["uid"]))
    by_node = {pod["spec"].get("nodeName", ""): pod for pod in pods if pod_active(pod)}
    leaving = {pod["spec"].get("nodeName") for pod in pods if not pod_active(pod)}
    wanted = []
    for node in view.list("Node"):
        name = node["metadata"]["name"]
        candidate = _pod(owner, name, digest, now_ms)
        if unwelcome(node, {**candidate, "spec": {**candidate["spec"], "affinity": {}}}):
            continue
        wanted.append(name)
        if name in by_node or name in leaving:
            continue
        refused = yield Create(candidate)
        if refused is not None:
            yield Emit(owner, "Warning", "FailedCreate", f"Error creating: {refused}")
            yield Retry()
            break
        words = f"Created pod: {candidate['metadata']['name']}"
        yield Emit(owner, "Normal", "SuccessfulCreate", words)
    stale = [p for p in by_node.values() if p["metadata"].get("labels", {}).get(_HASH) != digest]
    steady = all(pod_ready(pod) for pod in by_node.values()) and len(by_node) == len(wanted)
    for pod in stale:
        if steady or not pod_ready(pod):
            yield Delete(pod)
            words = f"Deleted pod: {pod['metadata']['name']}"
            yield Emit(owner, "Normal", "SuccessfulDelete", words)
            break
    ready = sum(pod_ready(pod) for pod in by_node.values())
    status: Json = {
        "currentNumberScheduled": len(by_node),
        "desiredNumberScheduled": len(wanted),
        "numberMisscheduled": 0,
        "numberReady": ready,
        "numberAvailable": ready,
        "updatedNumberScheduled": len(by_node) - len(stale),
        "observedGeneration": owner["metadata"].get("generation", 1),
    }
    if len(wanted) > ready:
        status["numberUnavailable"] = len(wanted) - ready
    yield SetStatus(owner, status)


def _every(view: View, node: Json) -> list[Key]:
    return [
        Key(item["metadata"]["namespace"], item["metadata"]["name"])
        for item in view.list("DaemonSet")
    ]


CONTROLLER = Controller(
    name="daemonset-controller",
    reconcile=reconcile,
    watches={"DaemonSet": itself, "Pod": owner_of_kind("DaemonSet"), "Node": _every},
)
