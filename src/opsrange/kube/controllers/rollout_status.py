"""What a deployment says about its rollout: counts and the Available, Progressing and ReplicaFailure conditions."""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.kube.controllers.writes import with_condition
from opsrange.kube.view import condition
from opsrange.types import Json, parse_rfc3339, rfc3339

_COUNTS = ("replicas", "readyReplicas", "availableReplicas")


def resolve(value: object, total: int, *, up: bool) -> int:
    """An int-or-percent field against a total."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * total
    return -(-exact // 100) if up else exact // 100


def bounds(deployment: Json) -> tuple[int, int]:
    """``(max surge, max unavailable)`` in pods, as the present strategy allows."""
    strategy = deployment["spec"].get("strategy", {})
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling, total = strategy.get("rollingUpdate", {}), int(deployment["spec"].get("replicas", 1))
    surge = resolve(rolling.get("maxSurge", "25%"), total, up=True)
    unavailable = resolve(rolling.get("maxUnavailable", "25%"), total, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, total)


def deployment_status(
    deployment: Json, new: Json | None, sets: Sequence[Json], now_ms: int
) -> tuple[Json, int | None]:
    """The status, and in how many milliseconds the progress deadline would pass (``None``: none runs)."""
    old = deployment.get("status", {})
    total = int(deployment["spec"].get("replicas", 1))
    counts = {name: sum(int(s.get("status", {}).get(name, 0)) for s in sets) for name in _COUNTS}
    wanted = sum(int(s["spec"].get("replicas", 1)) for s in sets)
    counts["updatedReplicas"] = int((new or {}).get("status", {}).get("replicas", 0))
    counts["unavailableReplicas"] = max(0, wanted - counts["availableReplicas"])
    status = {k: v for k, v in old.items() if k not in {*counts, "observedGeneration"}}
    status["observedGeneration"] = deployment["metadata"].get("generation", 1)
    status |= {name: count for name, count in counts.items() if count}
    now = rfc3339(now_ms)
    status = with_condition(status, _available(deployment, counts["availableReplicas"], total), now)
    before = {**deployment, "status": status}
    status, wait_ms = _progress(before, old, new, counts, now_ms)
    return _failures(status, new, sets, now), wait_ms


def _available(deployment: Json, available: int, total: int) -> Json:
    _, unavailable = bounds(deployment)
    if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
        unavailable = 0
    if available >= total - unavailable:
        return _condition(
            "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
        )
    return _condition(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
    )


def _condition(kind: str, status: str, reason: str, message: str) -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _progress(
    deployment: Json, old: Json, new: Json | None, counts: Json, now_ms: int
) -> tuple[Json, int | None]:
    """Move the Progressing condition on."""
    status: Json = deployment["status"]
    now, current = rfc3339(now_ms), condition(deployment, "Progressing")
    spec = deployment["spec"]
    deadline_s = spec.get("progressDeadlineSeconds", 600)
    if spec.get("paused"):
        if current is None or current["reason"] != "DeploymentPaused":
            fresh = _condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
            return _touched(status, fresh, now), None
        return status, None
    if current is not None and current["reason"] == "DeploymentPaused":
        fresh = _condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
        return _touched(status, fresh, now), deadline_s * 1000
    if new is None:
        return status, None
    name, total = new["metadata"]["name"], int(spec.get("replicas", 1))
    complete = (
        counts["updatedReplicas"] == total
        and counts["replicas"] == total
        and counts["availableReplicas"] == total
    )
    if complete:
        words = f'ReplicaSet "{name}" has successfully progressed.'
        fresh = _condition("Progressing", "True", "NewReplicaSetAvailable", words)
        return _touched(status, fresh, now) if _differs(current, fresh) else status, None
    if current is None:
        words = f'Created new replica set "{name}"'
        fresh = _condition("Progressing", "True", "NewReplicaSetCreated", words)
        return _touched(status, fresh, now), deadline_s * 1000
    if current["reason"] == "NewReplicaSetAvailable" and name in current["message"]:
        # A finished rollout stays finished when its pods come and go later; only a new template starts again.
        return status, None
    if name not in current["message"] or _moved(old, counts):
        words = f'ReplicaSet "{name}" is progressing.'
        fresh = _condition("Progressing", "True", "ReplicaSetUpdated", words)
        return _touched(status, fresh, now), deadline_s * 1000
    if current["reason"] == "ProgressDeadlineExceeded":
        return status, None
    left_ms = parse_rfc3339(current["lastUpdateTime"]) + deadline_s * 1000 - now_ms
    if left_ms > 0:
        return status, left_ms
    words = f'ReplicaSet "{name}" has timed out progressing.'
    fresh = _condition("Progressing", "False", "ProgressDeadlineExceeded", words)
    return _touched(status, fresh, now), None


def _differs(current: Json | None, fresh: Json) -> bool:
    return current is None or any(current.get(name) != value for name, value in fresh.items())


def _moved(old: Json, counts: Json) -> bool:
    """Whether the rollout got further since the last look."""
    stale = old.get("replicas", 0) - old.get("updatedReplicas", 0)
    return bool(
        counts["updatedReplicas"] > old.get("updatedReplicas", 0)
        or counts["replicas"] - counts["updatedReplicas"] < stale
        or counts["readyReplicas"] > old.get("readyReplicas", 0)
        or counts["availableReplicas"] > old.get("availableReplicas", 0)
    )


def _touched(status: Json, fresh: Json, now: str) -> Json:
    return with_condition(status, {**fresh, "lastUpdateTime": now}, now)


def _failures(status: Json, new: Json | None, sets: Sequence[Json], now: str) -> Json:
    """Carry a replica set's ReplicaFailure up, or drop it when it has passed."""
    failing = [*([new] if new else []), *sets]
    found = next((f for s in failing if (f := condition(s, "ReplicaFailure"))), None)
    if found is None:
        left = [c for c in status.get("conditions", ()) if c["type"] != "ReplicaFailure"]
        return {**status, "conditions": left}
    fresh = _condition("ReplicaFailure", found["status"], found["reason"], found["message"])
    if not _differs(condition({"status": status}, "ReplicaFailure"), fresh):
        return status
    return _touched(status, fresh, now)
