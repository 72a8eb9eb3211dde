"""Stateful sets: stable names, one after another. Claims of volume templates are created, never deleted."""

from __future__ import annotations

from opsrange.kube.controllers.deployments import template_hash
from opsrange.kube.controllers.replica_sets import pod_from_template
from opsrange.kube.controllers.writes import (
    Controller,
    Create,
    Creation,
    Delete,
    Emit,
    Key,
    Retry,
    SetStatus,
    Writes,
    itself,
    owner_of_kind,
)
from opsrange.kube.view import View, owned_by, pod_active, pod_ready
from opsrange.types import Json

_HASH = "controller-revision-hash"


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """One step of one stateful set."""
    owner = view.get("StatefulSet", key.namespace, key.name)
    if owner is None or "deletionTimestamp" in owner["metadata"]:
        return
    revision = f"{key.name}-{template_hash(owner['spec']['template'])}"
    found = owned_by(view.list("Pod", key.namespace), owner["metadata"]["uid"])
    pods = {pod["metadata"]["name"]: pod for pod in found}
    yield SetStatus(owner, _status(owner, pods, revision))
    wanted = int(owner["spec"].get("replicas", 1))
    together = owner["spec"].get("podManagementPolicy") == "Parallel"
    names = [f"{key.name}-{index}" for index in range(wanted)]
    for ordinal, name in enumerate(names):
        pod = pods.get(name)
        if pod is None:
            refused = yield from _create(owner, (name, ordinal), revision)
            if refused:
                yield Retry()
                return
            if not together:
                return
        elif (
            pod.get("status", {}).get("phase") == "Failed"
            and "deletionTimestamp" not in pod["metadata"]
        ):
            yield Delete(pod)
            return
        elif not together and not (pod_ready(pod) and pod_active(pod)):
            yield from _replace_stuck(owner, pod, revision)
            return
    for name in sorted(set(pods) - set(names), key=_ordinal, reverse=True):
        if pod_active(pods[name]):
            yield from _delete(owner, pods[name])
        if not together:
            return
    if owner["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
        return
    for name in reversed(names):
        pod = pods.get(name)
        if pod is None or not pod_active(pod):
            return
        if pod["metadata"].get("labels", {}).get(_HASH) != revision:
            yield from _delete(owner, pod)
            return
        if not pod_ready(pod):
            return


def _ordinal(name: str) -> int:
    tail = name.rpartition("-")[2]
    return int(tail) if tail.isdigit() else -1


def _replace_stuck(owner: Json, pod: Json, revision: str) -> Writes:
    """A pod of an older revision that never became ready would block the update for ever."""
    old = pod["metadata"].get("labels", {}).get(_HASH) != revision
    if old and pod_active(pod):
        yield from _delete(owner, pod)


def _delete(owner: Json, pod: Json) -> Writes:
    yield Delete(pod)
    words = f"delete Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']} successful"
    yield Emit(owner, "Normal", "SuccessfulDelete", words)


def _create(owner: Json, which: tuple[str, int], revision: str) -> Creation:
    """Create one pod and its claims; the value is the refusal, or empty."""
    name, ordinal = which
    set_name = owner["metadata"]["name"]
    pod = pod_from_template(owner, name)
    labels = {
        **pod["metadata"].get("labels", {}),
        _HASH: revision,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    pod["metadata"] |= {"generateName": f"{set_name}-", "labels": labels}
    volumes = list(pod["spec"].get("volumes", ()))
    for template in owner["spec"].get("volumeClaimTemplates", ()):
        volume = template["metadata"]["name"]
        claim = f"{volume}-{name}"
        yield Create(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": claim,
                    "namespace": owner["metadata"]["namespace"],
                    "labels": owner["spec"]["selector"].get("matchLabels", {}),
                },
                "spec": template["spec"],
            }
        )
        volumes.append({"name": volume, "persistentVolumeClaim": {"claimName": claim}})
    extra = {"hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
    pod["spec"] = {**pod["spec"], **extra}
    if volumes:
        pod["spec"]["volumes"] = volumes
    refused = yield Create(pod)
    if refused is not None:
        words = f"create Pod {name} in StatefulSet {set_name} failed error: {refused}"
        yield Emit(owner, "Warning", "FailedCreate", words)
        return refused
    words = f"create Pod {name} in StatefulSet {set_name} successful"
    yield Emit(owner, "Normal", "SuccessfulCreate", words)
    return ""


def _status(owner: Json, pods: dict[str, Json], revision: str) -> Json:
    active = [pod for pod in pods.values() if pod_active(pod)]
    ready = sum(pod_ready(pod) for pod in active)
    updated = sum(p["metadata"].get("labels", {}).get(_HASH) == revision for p in active)
    finished = updated == len(active) == ready
    current = revision if finished else owner.get("status", {}).get("currentRevision", revision)
    return {
        "observedGeneration": owner["metadata"].get("generation", 1),
        "replicas": len(active),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentReplicas": len(active) if current == revision else len(active) - updated,
        "updatedReplicas": updated,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    }


CONTROLLER = Controller(
    name="statefulset-controller",
    reconcile=reconcile,
    watches={"StatefulSet": itself, "Pod": owner_of_kind("StatefulSet")},
)
