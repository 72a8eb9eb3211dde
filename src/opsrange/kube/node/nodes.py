"""What every node says of itself, and the taints that follow from its state."""

from __future__ import annotations

import hashlib

from opsrange.kube.controllers.writes import (
    Controller,
    Create,
    Emit,
    Key,
    Requeue,
    SetStatus,
    Update,
    Writes,
    itself,
)
from opsrange.kube.kind import RELEASE
from opsrange.kube.quantities import thousandths, written
from opsrange.kube.view import View, condition
from opsrange.types import MINUTE_MS, Json, parse_rfc3339, rfc3339

_CAPACITY = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "100Gi", "pods": "110"}
_RESERVED = {"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "10Gi", "pods": "0"}
_HEALTHY = (
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_HEARTBEAT_MS = 5 * MINUTE_MS
"""A kubelet reports an unchanged status every 5 minutes."""
_LEASES = "kube-node-lease"
_CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _lease(node: Json) -> Json:
    """The node's lease. Renewals, one each 10 s on a real node, are not modelled, so it states no time."""
    name = node["metadata"]["name"]
    reference = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": _LEASES, "ownerReferences": [reference]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40},
    }


def _identity(node: str, what: str) -> str:
    """32 hexadecimal digits, fixed by the node's name."""
    return hashlib.sha256(f"{node}/{what}".encode()).hexdigest()[:32]


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def ready_status(node: Json, address: str, now_ms: int) -> Json:
    """The status a kubelet posts when it joins; what ``node`` states already is kept."""
    given = node.get("status", {})
    capacity = {**_CAPACITY, **given.get("capacity", {})}
    allocatable = {
        name: written(
            max(0, thousandths(amount) - thousandths(_RESERVED.get(name, 0))),
            binary=name in {"memory", "ephemeral-storage"},
        )
        for name, amount in capacity.items()
    }
    name, now = node["metadata"]["name"], rfc3339(now_ms)
    status: Json = {
        "capacity": capacity,
        "allocatable": given.get("allocatable") or allocatable,
        "conditions": [
            {
                "type": kind,
                "status": value,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
                "reason": reason,
                "message": message,
            }
            for kind, value, reason, message in _HEALTHY
        ],
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": _identity(name, "machine"),
            "systemUUID": _uuid(_identity(name, "system")),
            "bootID": _uuid(_identity(name, "boot")),
            "kernelVersion": "6.8.0-48-generic",
            "osImage": "Debian GNU/Linux 12 (bookworm)",
            "containerRuntimeVersion": "containerd://2.1.3",
            "kubeletVersion": RELEASE,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }
    return {**status, **{k: v for k, v in given.items() if k not in {"capacity", "allocatable"}}}


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Let a new node report, and keep the cordon taint in step with ``spec.unschedulable``."""
    node = view.get("Node", "", key.name)
    if node is None:
        return
    if condition(node, "Ready") is None:
        index = [item["metadata"]["name"] for item in view.list("Node")].index(key.name)
        yield SetStatus(node, ready_status(node, f"172.18.0.{index + 2}", now_ms))
        words = f"Node {key.name} event: Registered Node {key.name} in Controller"
        yield Emit(node, "Normal", "RegisteredNode", words)
        return
    yield Requeue(_HEARTBEAT_MS - now_ms % _HEARTBEAT_MS)
    if view.get("Lease", _LEASES, key.name) is None and view.get("Namespace", "", _LEASES):
        yield Create(_lease(node))
    beat = node["status"]["conditions"][0].get("lastHeartbeatTime")
    beaten_ms = parse_rfc3339(beat) if beat else 0
    if now_ms // _HEARTBEAT_MS > beaten_ms // _HEARTBEAT_MS:
        conditions = [
            {**item, "lastHeartbeatTime": rfc3339(now_ms)} for item in node["status"]["conditions"]
        ]
        yield SetStatus(node, {**node["status"], "conditions": conditions})
        return
    taints = node["spec"].get("taints", [])
    cordoned = any(t["key"] == _CORDON["key"] for t in taints)
    if bool(node["spec"].get("unschedulable")) == cordoned:
        return
    kept = [t for t in taints if t["key"] != _CORDON["key"]]
    if not cordoned:
        kept = [*kept, {**_CORDON, "timeAdded": rfc3339(now_ms)}]
    spec = {name: value for name, value in node["spec"].items() if name != "taints"}
    yield Update({**node, "spec": {**spec, "taints": kept} if kept else spec})
    reason = "NodeSchedulable" if cordoned else "NodeNotSchedulable"
    yield Emit(node, "Normal", reason, f"Node {key.name} status is now: {reason}")


CONTROLLER = Controller(
    name="node-controller", reconcile=reconcile, watches={"Node": itself}, delay_ms=5
)
