"""Deployments: revisions, rolling updates, progress.

Theory of operation: each look does one step towards the goal and relies on the change it causes to be called again.
The arithmetic of surge and availability follows the deployment controller of Kubernetes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from opsrange.kube.controllers.rollout_status import bounds, deployment_status
from opsrange.kube.controllers.writes import (
    Controller,
    Create,
    Creation,
    Delete,
    Emit,
    Key,
    Requeue,
    SetStatus,
    Update,
    Writes,
    claimant,
    claimed,
    itself,
    owner_of_kind,
)
from opsrange.kube.view import View, controller_of, owner_reference
from opsrange.types import Json

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX = "deployment.kubernetes.io/max-replicas"
HASH_LABEL = "pod-template-hash"
_NOT_COPIED = {
    REVISION,
    HISTORY,
    DESIRED,
    MAX,
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
}
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Json, collisions: int = 0) -> str:
    """A pod template's hash in the shape Kubernetes gives it, e.g. ``6d4cf56db6``."""
    text = json.dumps([template, collisions], sort_keys=True)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def _bare(template: Json) -> Json:
    """A template without the hash label its replica set adds."""
    metadata = template.get("metadata", {})
    labels = {k: v for k, v in metadata.get("labels", {}).items() if k != HASH_LABEL}
    kept = {k: v for k, v in metadata.items() if k != "creationTimestamp"}
    return {**template, "metadata": {**kept, "labels": labels}}


def same_template(deployment: Json, replica_set: Json) -> bool:
    """Whether a replica set is what its deployment wants now."""
    return _bare(deployment["spec"]["template"]) == _bare(replica_set["spec"]["template"])


def revision_of(document: Json) -> int:
    """The revision annotation as a number, 0 without one."""
    text = str((document["metadata"].get("annotations") or {}).get(REVISION, "0"))
    return int(text) if text.isdigit() else 0


def _wanted(document: Json) -> int:
    return int(document["spec"].get("replicas", 1))


def _available(replica_set: Json) -> int:
    return int(replica_set.get("status", {}).get("availableReplicas", 0))


def _age(replica_set: Json) -> tuple[str, str]:
    return replica_set["metadata"]["creationTimestamp"], replica_set["metadata"]["name"]


def _lives(replica_set: Json) -> bool:
    return "deletionTimestamp" not in replica_set["metadata"]


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """One step of one deployment."""
    deployment = view.get("Deployment", key.namespace, key.name)
    if deployment is None or "deletionTimestamp" in deployment["metadata"]:
        return
    sets = yield from claimed(deployment, view.list("ReplicaSet", key.namespace), _lives)
    if any(controller_of(each) is None for each in sets):
        return  # the adoption just made brings us back here
    sets.sort(key=_age)
    wanted_template = _bare(deployment["spec"]["template"])
    new = next((s for s in sets if _bare(s["spec"]["template"]) == wanted_template), None)
    old = [s for s in sets if s is not new]
    paused = bool(deployment["spec"].get("paused"))
    status, wait_ms = deployment_status(deployment, new, sets, now_ms)
    if paused:
        yield SetStatus(deployment, status)
        yield from _scale_in_proportion(deployment, sets, new)
        return
    if new is None or revision_of(new) <= max(map(revision_of, old), default=0):
        yield SetStatus(deployment, status)
        refused = yield from _begin_revision(deployment, new, old)
        name, _ = _replica_set(deployment, 0, {})
        if refused and view.get("ReplicaSet", key.namespace, name) is not None:
            # somebody else's by now: the next one gets another name
            count = deployment.get("status", {}).get("collisionCount", 0)
            yield SetStatus(deployment, {**status, "collisionCount": count + 1})
        return
    if revision_of(deployment) != revision_of(new):
        yield SetStatus(deployment, status, {REVISION: str(revision_of(new))})
        return
    yield SetStatus(deployment, status)
    if _rescaled(deployment, sets):
        yield from _scale_in_proportion(deployment, sets, new)
    elif deployment["spec"].get("strategy", {}).get("type") == "Recreate":
        yield from _recreate(view, deployment, new, old)
    else:
        yield from _roll(deployment, new, old)
    yield from _forget(deployment, new, old, status)
    if wait_ms is not None:
        yield Requeue(wait_ms)


def _annotated(document: Json, annotations: Json) -> Json:
    metadata = document["metadata"]
    merged = {**(metadata.get("annotations") or {}), **annotations}
    return {**document, "metadata": {**metadata, "annotations": merged}}


def _begin_revision(deployment: Json, new: Json | None, old: Sequence[Json]) -> Creation:
    """Create the replica set of the wanted template, or make an older one of it the latest revision; the value is the refusal."""
    revision = str(max(map(revision_of, old), default=0) + 1)
    carried = {
        name: value
        for name, value in (deployment["metadata"].get("annotations") or {}).items()
        if name not in _NOT_COPIED
    }
    total = _wanted(deployment)
    surge, _ = bounds(deployment)
    marks = {**carried, REVISION: revision, DESIRED: str(total), MAX: str(total + surge)}
    if new is not None:
        past = revision_of(new)
        history = (new["metadata"].get("annotations") or {}).get(HISTORY, "")
        if past:
            marks[HISTORY] = f"{history},{past}" if history else str(past)
        yield Update(_annotated(new, marks))
        return ""
    replicas = _room_for_new(deployment, 0, sum(map(_wanted, old)))
    name, document = _replica_set(deployment, replicas, marks)
    refused = yield Create(document)
    if refused is None and replicas:
        yield Emit(
            deployment,
            "Normal",
            "ScalingReplicaSet",
            f"Scaled up replica set {name} from 0 to {replicas}",
        )
    elif refused is not None:
        yield Emit(
            deployment,
            "Warning",
            "ReplicaSetCreateError",
            f'Failed to create new replica set "{name}": {refused}',
        )
    return refused or ""


def _replica_set(deployment: Json, replicas: int, annotations: Json) -> tuple[str, Json]:
    template = deployment["spec"]["template"]
    digest = template_hash(_bare(template), deployment.get("status", {}).get("collisionCount", 0))
    metadata = template.get("metadata", {})
    labels = {**metadata.get("labels", {}), HASH_LABEL: digest}
    name = f"{deployment['metadata']['name']}-{digest}"
    selector = deployment["spec"]["selector"]
    matched = {**selector.get("matchLabels", {}), HASH_LABEL: digest}
    spec: Json = {
        "replicas": replicas,
        "selector": {**selector, "matchLabels": matched},
        "template": {**template, "metadata": {**metadata, "labels": labels}},
    }
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    return name, {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": spec,
    }


def _room_for_new(deployment: Json, new_replicas: int, all_replicas: int) -> int:
    """How many replicas the new replica set may have now."""
    total = _wanted(deployment)
    if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
        return total if all_replicas == new_replicas else new_replicas
    surge, _ = bounds(deployment)
    room = max(0, total + surge - all_replicas)
    return min(total, new_replicas + room)


def _scale(deployment: Json, replica_set: Json, replicas: int) -> Writes:
    before, name = _wanted(replica_set), replica_set["metadata"]["name"]
    total = _wanted(deployment)
    surge, _ = bounds(deployment)
    marked = _annotated(replica_set, {DESIRED: str(total), MAX: str(total + surge)})
    scaled = {**marked, "spec": {**marked["spec"], "replicas": replicas}}
    if scaled != replica_set:
        yield Update(scaled)
    if before != replicas:
        direction = "up" if replicas > before else "down"
        words = f"Scaled {direction} replica set {name} from {before} to {replicas}"
        yield Emit(deployment, "Normal", "ScalingReplicaSet", words)


def _rescaled(deployment: Json, sets: Sequence[Json]) -> bool:
    """Whether ``spec.replicas`` changed since the replica sets were last scaled."""
    total = str(_wanted(deployment))
    return any(
        (s["metadata"].get("annotations") or {}).get(DESIRED, total) != total
        for s in sets
        if _wanted(s)
    )


def _scale_in_proportion(deployment: Json, sets: Sequence[Json], new: Json | None) -> Writes:
    """Spread a changed number of replicas over the replica sets that have any."""
    total = _wanted(deployment)
    active = [s for s in sets if _wanted(s)]
    if len(active) <= 1:
        target = active[0] if active else (new if new is not None else None)
        if target is not None:
            yield from _scale(deployment, target, total)
        return
    if new is not None and _wanted(new) == total == _available(new):
        for stale in active:
            if stale is not new:
                yield from _scale(deployment, stale, 0)
        return
    surge, _ = bounds(deployment)
    have = sum(map(_wanted, active))
    delta = (total + surge if total else 0) - have
    left = delta
    ranked = sorted(active, key=lambda s: (-_wanted(s), _age(s)))
    sizes = []
    for item in ranked:
        share = round(delta * _wanted(item) / have)
        share = min(share, left) if delta > 0 else max(share, left, -_wanted(item))
        left -= share
        sizes.append(_wanted(item) + share)
    sizes[0] = max(0, sizes[0] + left)
    for item, size in zip(ranked, sizes, strict=True):
        yield from _scale(deployment, item, size)


def _recreate(view: View, deployment: Json, new: Json, old: Sequence[Json]) -> Writes:
    busy = [s for s in old if _wanted(s)]
    for item in busy:
        yield from _scale(deployment, item, 0)
    names = {item["metadata"]["uid"] for item in old}
    remaining = any(
        reference["uid"] in names
        for pod in view.list("Pod", deployment["metadata"]["namespace"])
        for reference in pod["metadata"].get("ownerReferences", ())
        if pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}
    )
    if not busy and not remaining:
        yield from _scale(deployment, new, _wanted(deployment))


def _roll(deployment: Json, new: Json, old: Sequence[Json]) -> Writes:
    """Grow the new replica set if there is room; otherwise shrink the old ones as far as availability allows."""
    total = _wanted(deployment)
    have = _wanted(new) + sum(map(_wanted, old))
    target = total if _wanted(new) > total else _room_for_new(deployment, _wanted(new), have)
    if target != _wanted(new):
        yield from _scale(deployment, new, target)
        return
    old_total = sum(map(_wanted, old))
    if not old_total:
        return
    _, unavailable = bounds(deployment)
    minimum = total - unavailable
    spare = have - minimum - max(0, _wanted(new) - _available(new))
    sizes = {s["metadata"]["uid"]: _wanted(s) for s in old}
    for item in old:  # unhealthy pods go first: they serve nobody
        cut = min(max(0, spare), max(0, _wanted(item) - _available(item)))
        sizes[item["metadata"]["uid"]] -= cut
        spare -= cut
    healthy = _available(new) + sum(min(_available(s), sizes[s["metadata"]["uid"]]) for s in old)
    removable = max(0, healthy - minimum)
    for item in old:
        cut = min(removable, sizes[item["metadata"]["uid"]])
        sizes[item["metadata"]["uid"]] -= cut
        removable -= cut
    for item in old:
        if sizes[item["metadata"]["uid"]] != _wanted(item):
            yield from _scale(deployment, item, sizes[item["metadata"]["uid"]])


def _forget(deployment: Json, new: Json, old: Sequence[Json], status: Json) -> Writes:
    """Delete the oldest empty replica sets beyond the history limit, once the rollout is complete."""
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    total = _wanted(deployment)
    complete = status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == total
    if not complete or len(old) <= limit:
        return
    for item in sorted(old, key=revision_of)[: len(old) - limit]:
        if not _wanted(item) and not item.get("status", {}).get("replicas"):
            yield Delete(item)


def _deployment_of_leaving(view: View, pod: Json) -> Iterator[Key]:
    """Trigger: the deployment of a pod on its way out, because ``Recreate`` waits until the last one has gone."""
    if "deletionTimestamp" not in pod["metadata"]:
        return
    namespace = pod["metadata"]["namespace"]
    owner = controller_of(pod)
    replica_set = view.get("ReplicaSet", namespace, owner["name"]) if owner else None
    if replica_set is not None:
        yield from owner_of_kind("Deployment")(view, replica_set)


CONTROLLER = Controller(
    name="deployment-controller",
    reconcile=reconcile,
    watches={
        "Deployment": itself,
        "ReplicaSet": claimant("Deployment"),
        "Pod": _deployment_of_leaving,
    },
)
