"""The scheduler: filters by taints, selectors and resources, prefers the emptiest node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from opsrange.kube.controllers.writes import (
    Bind,
    Controller,
    Emit,
    Key,
    Requeue,
    SetStatus,
    Writes,
    itself,
    with_condition,
)
from opsrange.kube.quantities import thousandths
from opsrange.kube.view import View, condition
from opsrange.types import MINUTE_MS, Json, rfc3339

_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_FLUSH_MS = 5 * MINUTE_MS
"""The scheduler looks at unschedulable pods again after 5 minutes even when nothing changed."""
_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def requests(pod: Json) -> dict[str, int]:
    """What a pod asks for, by resource, in thousandths."""

    def asked(items: Iterable[Json], name: str) -> list[int]:
        return [
            thousandths(item.get("resources", {}).get("requests", {}).get(name, 0))
            for item in items
        ]

    spec = pod["spec"]
    return {
        name: max(
            sum(asked(spec.get("containers", ()), name)),
            max(asked(spec.get("initContainers", ()), name), default=0),
        )
        for name in _RESOURCES
    }


def tolerates(pod: Json, taint: Json) -> bool:
    """Whether a pod tolerates a taint."""
    for item in pod["spec"].get("tolerations", ()):
        if item.get("effect") and item["effect"] != taint["effect"]:
            continue
        exists = item.get("operator", "Equal") == "Exists"
        if not item.get("key") and exists:
            return True
        same = item.get("key") == taint["key"]
        if same and (exists or item.get("value", "") == taint.get("value", "")):
            return True
    return False


def unwelcome(node: Json, pod: Json) -> str:
    """Why a node's taints or labels keep a pod away, in the scheduler's words; empty when they do not."""
    taints = node["spec"].get("taints", ())
    if node["spec"].get("unschedulable") and not tolerates(pod, _UNSCHEDULABLE):
        return "node(s) were unschedulable"
    for taint in taints:
        if taint["effect"] in {"NoSchedule", "NoExecute"} and not tolerates(pod, taint):
            value = taint.get("value", "")
            return f"node(s) had untolerated taint {{{taint['key']}: {value}}}"
    labels = node["metadata"].get("labels", {})
    selector = pod["spec"].get("nodeSelector", {})
    if any(labels.get(name) != value for name, value in selector.items()) or not _affine(
        labels, pod
    ):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def _affine(labels: Mapping[str, str], pod: Json) -> bool:
    affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(
        all(_term_holds(rule, labels) for rule in term.get("matchExpressions", ()))
        for term in required.get("nodeSelectorTerms", ())
    )


def _term_holds(rule: Json, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(rule["key"]), rule.get("values", ())
    match rule["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def _shortages(
    node: Json, used: Mapping[str, int], wanted: Mapping[str, int], count: int
) -> list[str]:
    allocatable = node.get("status", {}).get("allocatable", {})
    found = []
    if count + 1 > int(allocatable.get("pods", 110)):
        found.append("Too many pods")
    for name in _RESOURCES:
        free = thousandths(allocatable.get(name, 0)) - used[name]
        if wanted[name] and wanted[name] > free:
            found.append(f"Insufficient {name}")
    return found


def _load(pods: Sequence[Json]) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Requested resources and pod count by node."""
    used: dict[str, Counter[str]] = {}
    counts: Counter[str] = Counter()
    for pod in pods:
        name = pod["spec"].get("nodeName")
        if not name or pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            continue
        counts[name] += 1
        used.setdefault(name, Counter()).update(requests(pod))
    return used, counts


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Bind one pod, or say why it cannot be bound."""
    pod = view.get("Pod", key.namespace, key.name)
    if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
        return
    if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler":
        return
    nodes = view.list("Node")
    used, counts = _load(view.list("Pod"))
    wanted = requests(pod)
    reasons: Counter[str] = Counter()
    preempt: Counter[str] = Counter()
    fitting = []
    for node in nodes:
        name = node["metadata"]["name"]
        if why := unwelcome(node, pod):
            reasons[why] += 1
            preempt["Preemption is not helpful for scheduling"] += 1
            continue
        load = used.get(name, Counter())
        if short := _shortages(node, load, wanted, counts[name]):
            reasons.update(short)
            preempt["No preemption victims found for incoming pod"] += 1
            continue
        fitting.append((_fullness(node, load, wanted), counts[name], name))
    if fitting:
        yield from _bind(pod, min(fitting)[2], now_ms)
        return
    yield from _refuse(pod, (len(nodes), reasons, preempt), now_ms)


def _fullness(node: Json, load: Mapping[str, int], wanted: Mapping[str, int]) -> float:
    """The mean share of cpu and memory requested, were the pod placed here: least allocated wins."""
    allocatable = node.get("status", {}).get("allocatable", {})
    shares = [
        (load.get(name, 0) + wanted[name]) / max(1, thousandths(allocatable.get(name, 0)))
        for name in ("cpu", "memory")
    ]
    return round(sum(shares) / 2, 2)


def _bind(pod: Json, node: str, now_ms: int) -> Writes:
    fresh = {"type": "PodScheduled", "status": "True"}
    status = {**pod.get("status", {})}
    status["conditions"] = [c for c in status.get("conditions", ()) if c["type"] != "PodScheduled"]
    status = with_condition(status, {**fresh, "lastProbeTime": None}, rfc3339(now_ms))
    yield Bind(pod, node, status)
    metadata = pod["metadata"]
    words = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
    yield Emit(pod, "Normal", "Scheduled", words)


def _refuse(pod: Json, why: tuple[int, Counter[str], Counter[str]], now_ms: int) -> Writes:
    total, reasons, preempt = why
    message = "no nodes available to schedule pods"
    if total:
        # Kubernetes sorts the finished phrases as text.
        listed = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
        attempts = ", ".join(sorted(f"{count} {reason}" for reason, count in preempt.items()))
        message = (
            f"0/{total} nodes are available: {listed}. "
            f"preemption: 0/{total} nodes are available: {attempts}."
        )
    fresh = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastProbeTime": None,
    }
    before = condition(pod, "PodScheduled")
    yield SetStatus(pod, with_condition(pod.get("status", {}), fresh, rfc3339(now_ms)))
    if before is None or before.get("message") != message or _stale(pod, now_ms):
        yield Emit(pod, "Warning", "FailedScheduling", message)
    yield Requeue(_FLUSH_MS)


def _stale(pod: Json, now_ms: int) -> bool:
    """Whether this look is the periodic one rather than an echo of our own status write."""
    before = condition(pod, "PodScheduled")
    return before is not None and before["lastTransitionTime"] != rfc3339(now_ms)


def _unbound(view: View, document: Json) -> list[Key]:
    """Pods that wait for a node: a change of nodes, or of pods on nodes, may make room."""
    return [
        Key(pod["metadata"]["namespace"], pod["metadata"]["name"])
        for pod in view.list("Pod")
        if not pod["spec"].get("nodeName")
    ]


def _pod_changed(view: View, pod: Json) -> list[Key]:
    if not pod["spec"].get("nodeName"):
        return list(itself(view, pod))
    # Only a pod that leaves or finishes makes room.
    gone = view.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"]) is None
    return _unbound(view, pod) if gone else []


CONTROLLER = Controller(
    name="default-scheduler",
    reconcile=reconcile,
    watches={"Pod": _pod_changed, "Node": _unbound},
    delay_ms=15,
)
