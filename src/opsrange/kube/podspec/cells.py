"""Table cells about pods and their containers (after the API server's printers)."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.kube.fields.cells import NONE
from opsrange.kube.fields.durations import since
from opsrange.types import Json, parse_rfc3339


def container_names(pod_spec: Json) -> str:
    """The CONTAINERS cell."""
    return ",".join(container["name"] for container in pod_spec.get("containers", ()))


def container_images(pod_spec: Json) -> str:
    """The IMAGES cell."""
    return ",".join(container.get("image", "") for container in pod_spec.get("containers", ()))


def restartable(container: Json) -> bool:
    """Whether an init container is a sidecar."""
    return container.get("restartPolicy") == "Always"


def has_condition(status: Json, kind: str) -> bool:
    """Whether a condition of a pod (or node, or workload) is ``True``."""
    return any(
        item.get("type") == kind and item.get("status") == "True"
        for item in status.get("conditions") or ()
    )


def _ended(terminated: Json) -> str:
    """Why a container's process ended."""
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _initialising(pod: Json) -> str | None:
    """The ``Init:...`` status of a pod that has not finished its init containers."""
    declared = pod["spec"].get("initContainers") or []
    sidecars = {item["name"] for item in declared if restartable(item)}
    for index, status in enumerate(pod.get("status", {}).get("initContainerStatuses") or ()):
        state = status.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if terminated and terminated.get("exitCode", 0) == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            continue
        if terminated:
            return f"Init:{_ended(terminated)}"
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(declared)}"
    return None


def _running(pod: Json, reason: str) -> str:
    """The status that the main containers give; the first container that says something wins."""
    has_running = False
    status = pod.get("status", {})
    for container in reversed(status.get("containerStatuses") or []):
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated:
            reason = _ended(terminated)
        elif container.get("ready") and "running" in state:
            has_running = True
    if reason == "Completed" and has_running:
        return "Running" if has_condition(status, "Ready") else "NotReady"
    return reason


def pod_status(pod: Json) -> str:
    """The STATUS cell of a pod."""
    status = pod.get("status", {})
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    initialising = _initialising(pod)
    if initialising is not None:
        reason = initialising
    if initialising is None or has_condition(status, "Initialized"):
        reason = _running(pod, reason)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if phase not in ("Succeeded", "Failed"):
            return "Terminating"
    return str(reason)


def _counted(pod: Json) -> Iterator[Json]:
    """The container statuses whose restarts count now."""
    status = pod.get("status", {})
    inits = status.get("initContainerStatuses") or []
    if _initialising(pod) is None or has_condition(status, "Initialized"):
        sidecars = {i["name"] for i in pod["spec"].get("initContainers") or () if restartable(i)}
        inits = [item for item in inits if item["name"] in sidecars]
        yield from status.get("containerStatuses") or ()
    yield from inits


def pod_ready(pod: Json) -> str:
    """The READY cell: ready containers and all that run for the pod's life."""
    spec, status = pod["spec"], pod.get("status", {})
    sidecars = [item["name"] for item in spec.get("initContainers") or () if restartable(item)]
    ready = 0
    for item in status.get("initContainerStatuses") or ():
        ready += item["name"] in sidecars and bool(item.get("started") and item.get("ready"))
    if _initialising(pod) is None or has_condition(status, "Initialized"):
        for item in status.get("containerStatuses") or ():
            ready += bool(item.get("ready")) and "running" in (item.get("state") or {})
    return f"{ready}/{len(spec['containers']) + len(sidecars)}"


def pod_restarts(pod: Json, now_ms: int) -> str:
    """The RESTARTS cell: ``3 (5m12s ago)``."""
    restarts, last = 0, ""
    for item in _counted(pod):
        restarts += item.get("restartCount", 0)
        ended = ((item.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        if ended and (not last or parse_rfc3339(ended) > parse_rfc3339(last)):
            last = ended
    return f"{restarts} ({since(last, now_ms)} ago)" if restarts and last else str(restarts)


def readiness_gates(pod: Json) -> str:
    """The READINESS GATES cell."""
    gates = pod["spec"].get("readinessGates")
    if not gates:
        return NONE
    true = sum(has_condition(pod.get("status", {}), gate["conditionType"]) for gate in gates)
    return f"{true}/{len(gates)}"


def pod_ip(pod: Json) -> str:
    """The IP cell."""
    addresses = pod.get("status", {}).get("podIPs")
    return str(addresses[0].get("ip") or NONE) if addresses else NONE
