"""Replica sets: keep as many pods as wanted."""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.kube.admission import suffix
from opsrange.kube.controllers.writes import (
    Controller,
    Create,
    Creation,
    Delete,
    Emit,
    Key,
    Requeue,
    Retry,
    SetStatus,
    Writes,
    claimant,
    claimed,
    itself,
    with_condition,
)
from opsrange.kube.view import (
    View,
    available_in_ms,
    owner_reference,
    pod_active,
    pod_ready,
)
from opsrange.types import Json, rfc3339


def pod_from_template(owner: Json, name: str) -> Json:
    """A pod as a controller creates it from ``spec.template``."""
    template = owner["spec"]["template"]
    metadata = {k: v for k, v in template.get("metadata", {}).items() if k != "creationTimestamp"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **metadata,
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"],
    }


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Adopt, release, create, delete, report."""
    owner = view.get("ReplicaSet", key.namespace, key.name)
    if owner is None or "deletionTimestamp" in owner["metadata"]:
        return
    mine = yield from claimed(owner, view.list("Pod", key.namespace), pod_active)
    active = [pod for pod in mine if pod_active(pod)]
    missing = int(owner["spec"].get("replicas", 1)) - len(active)
    failure = ""
    if missing > 0:
        failure = yield from _create(owner, missing, now_ms)
    elif missing < 0:
        for pod in sorted(active, key=_expendable)[:-missing]:
            yield Delete(pod)
            name = pod["metadata"]["name"]
            yield Emit(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
    status, wait_ms = _status(owner, active, now_ms)
    yield SetStatus(owner, _with_failure(status, failure, now_ms))
    if failure:
        yield Retry()
    elif wait_ms:
        yield Requeue(wait_ms)


def _create(owner: Json, missing: int, now_ms: int) -> Creation:
    """Create pods until one is refused; the value is the refusal, or empty."""
    for index in range(missing):
        seed = f"{owner['metadata']['uid']}/{now_ms}/{index}"
        prefix = f"{owner['metadata']['name']}-"
        pod = pod_from_template(owner, prefix + suffix(seed))
        pod["metadata"]["generateName"] = prefix
        refused = yield Create(pod)
        if refused is not None:
            yield Emit(owner, "Warning", "FailedCreate", f"Error creating: {refused}")
            return refused
        name = pod["metadata"]["name"]
        yield Emit(owner, "Normal", "SuccessfulCreate", f"Created pod: {name}")
    return ""


def _expendable(pod: Json) -> tuple[bool, int, bool, int, str, str]:
    """Sorts first what Kubernetes deletes first: unscheduled, pending, not ready, restarting, young."""
    status = pod.get("status", {})
    rank = {"Pending": 0, "Unknown": 1}.get(status.get("phase", "Pending"), 2)
    restarts = max(
        (c.get("restartCount", 0) for c in status.get("containerStatuses", ())), default=0
    )
    created = pod["metadata"]["creationTimestamp"]
    young_first = "".join(chr(255 - ord(letter)) for letter in created)
    name = pod["metadata"]["name"]
    return (bool(pod["spec"].get("nodeName")), rank, pod_ready(pod), -restarts, young_first, name)


def _status(owner: Json, active: Sequence[Json], now_ms: int) -> tuple[Json, int]:
    """Counts, and in how many milliseconds the next ready pod becomes available (0: none waits)."""
    labels = owner["spec"]["template"].get("metadata", {}).get("labels", {})
    min_ready_s = int(owner["spec"].get("minReadySeconds", 0))
    waits = [available_in_ms(pod, min_ready_s, now_ms) for pod in active]
    counts = {
        "fullyLabeledReplicas": sum(
            labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in active
        ),
        "readyReplicas": sum(wait is not None for wait in waits),
        "availableReplicas": sum(wait == 0 for wait in waits),
    }
    status: Json = {
        "replicas": len(active),
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": owner["metadata"].get("generation", 1),
    }
    if kept := owner.get("status", {}).get("conditions"):
        status["conditions"] = kept
    return status, min((wait for wait in waits if wait), default=0)


def _with_failure(status: Json, failure: str, now_ms: int) -> Json:
    if failure:
        known = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
        if any(known.items() <= old.items() for old in status.get("conditions", ())):
            return status  # each refusal names another pod; rewriting the message would cause the next look
        fresh = {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": failure,
        }
        return with_condition(status, fresh, rfc3339(now_ms))
    left = [c for c in status.get("conditions", ()) if c["type"] != "ReplicaFailure"]
    status = {name: value for name, value in status.items() if name != "conditions"}
    return {**status, "conditions": left} if left else status


CONTROLLER = Controller(
    name="replicaset-controller",
    reconcile=reconcile,
    watches={"ReplicaSet": itself, "Pod": claimant("ReplicaSet")},
)
