"""A pod's status from what its containers do: phase and conditions. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.kube.node.containers import Container, Phase
from opsrange.kube.view import condition
from opsrange.types import Json, rfc3339


def qos_class(spec: Json) -> str:
    """``Guaranteed``, ``Burstable`` or ``BestEffort``."""
    resources = [
        item.get("resources", {})
        for item in [*spec.get("containers", ()), *spec.get("initContainers", ())]
    ]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    for item in resources:
        limits, requests = item.get("limits", {}), item.get("requests", {})
        for name in ("cpu", "memory"):
            if name not in limits or requests.get(name, limits[name]) != limits[name]:
                return "Burstable"
    return "Guaranteed"


def phase_of(pod: Json, containers: Sequence[Container], initialized: bool) -> str:
    """The pod's phase."""
    policy = pod["spec"].get("restartPolicy", "Always")
    inits = [item for item in containers if item.init]
    mains = [item for item in containers if not item.init]
    if not initialized:
        failed = any(i.phase is Phase.TERMINATED and i.exit_code for i in inits)
        return "Failed" if failed and policy == "Never" else "Pending"
    if policy != "Always" and all(item.phase is Phase.TERMINATED for item in mains):
        if all(item.exit_code == 0 for item in mains):
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    begun = any(i.phase is not Phase.WAITING or i.last or i.container_id for i in mains)
    return "Running" if begun else "Pending"


def pod_status(
    pod: Json, containers: Sequence[Container], addresses: tuple[str, str], now_ms: int
) -> Json:
    """The whole status.

    Args:
        pod: as stored.
        containers: init containers first.
        addresses: (pod IP or empty, host IP).
        now_ms: for transition times.
    """
    old = pod.get("status", {})
    pod_ip, host_ip = addresses
    inits = [item for item in containers if item.init]
    mains = [item for item in containers if not item.init]
    pending = [i.name for i in inits if i.phase is not Phase.TERMINATED or i.exit_code]
    phase = phase_of(pod, containers, not pending)
    unready = [item.name for item in mains if not item.ready]
    done = phase == "Succeeded"
    status: Json = {
        "phase": phase,
        "conditions": [
            _condition(
                pod, "PodReadyToStartContainers", ok=bool(pod_ip) and not done, now_ms=now_ms
            ),
            _initialized(pod, pending, done=done, now_ms=now_ms),
            _ready(pod, "Ready", unready, phase, now_ms),
            _ready(pod, "ContainersReady", unready, phase, now_ms),
            condition(pod, "PodScheduled")
            or _condition(pod, "PodScheduled", ok=True, now_ms=now_ms),
        ],
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "startTime": old.get("startTime") or rfc3339(now_ms),
        "qosClass": qos_class(pod["spec"]),
    }
    if pod_ip:
        status |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    if inits:
        status["initContainerStatuses"] = [item.status() for item in inits]
    status["containerStatuses"] = [
        item.status() for item in sorted(mains, key=lambda item: item.name)
    ]
    return status


def _condition(
    pod: Json, kind: str, *, ok: bool, now_ms: int, why: tuple[str, str] = ("", "")
) -> Json:
    old = condition(pod, kind)
    status = "True" if ok else "False"
    since = old["lastTransitionTime"] if old and old["status"] == status else rfc3339(now_ms)
    fresh: Json = {"type": kind, "status": status}
    if why[0]:
        fresh["reason"] = why[0]
    if why[1]:
        fresh["message"] = why[1]
    return {**fresh, "lastProbeTime": None, "lastTransitionTime": since}


def _initialized(pod: Json, pending: Sequence[str], *, done: bool, now_ms: int) -> Json:
    why = ("", "")
    if pending:
        words = f"containers with incomplete status: [{' '.join(pending)}]"
        why = ("ContainersNotInitialized", words)
    elif done:
        why = ("PodCompleted", "")
    return _condition(pod, "Initialized", ok=not pending, now_ms=now_ms, why=why)


def _ready(pod: Json, kind: str, unready: Sequence[str], phase: str, now_ms: int) -> Json:
    why = ("", "")
    if phase == "Succeeded":
        why = ("PodCompleted", "")
    elif phase == "Failed":
        why = ("PodFailed", "")
    elif unready:
        words = f"containers with unready status: [{' '.join(unready)}]"
        why = ("ContainersNotReady", words)
    return _condition(pod, kind, ok=not unready and not why[0], now_ms=now_ms, why=why)
