"""Pods leave a node whose ``NoExecute`` taint they do not tolerate, at once or when their toleration ends."""

from __future__ import annotations

from collections.abc import Iterable

from opsrange.kube.controllers.writes import (
    Controller,
    Delete,
    Emit,
    Key,
    Requeue,
    Writes,
    itself,
)
from opsrange.kube.node.scheduler import tolerates
from opsrange.kube.view import View, pod_active
from opsrange.types import SECOND_MS, Json, parse_rfc3339


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Evict what has to leave one node, and look again when the next toleration ends."""
    taints = _evicting(view, key.name)
    waits_ms = []
    for pod in view.list("Pod") if taints else ():
        if pod["spec"].get("nodeName") != key.name or not pod_active(pod):
            continue
        wait_ms = _leaves_in_ms(pod, taints, now_ms)
        if wait_ms is None:
            continue
        if wait_ms > 0:
            waits_ms.append(wait_ms)
            continue
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        yield Emit(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {name}")
        yield Delete(pod)
    if waits_ms:
        yield Requeue(min(waits_ms))


def _leaves_in_ms(pod: Json, taints: Iterable[Json], now_ms: int) -> int | None:
    """When a pod has to leave: 0 for now, ``None`` for never."""
    waits_ms = []
    for taint in taints:
        bearing = [
            item
            for item in pod["spec"].get("tolerations", ())
            if tolerates({"spec": {"tolerations": [item]}}, taint)
        ]
        if not bearing:
            return 0
        seconds = [item["tolerationSeconds"] for item in bearing if "tolerationSeconds" in item]
        if len(seconds) == len(bearing) and "timeAdded" in taint:
            ends_ms = parse_rfc3339(taint["timeAdded"]) + min(seconds) * SECOND_MS
            waits_ms.append(max(0, ends_ms - now_ms))
    return min(waits_ms, default=None)


def _evicting(view: View, node: str) -> list[Json]:
    """A node's taints that evict."""
    found = view.get("Node", "", node)
    taints = found["spec"].get("taints", ()) if found else ()
    return [taint for taint in taints if taint["effect"] == "NoExecute"]


def _its_node(view: View, pod: Json) -> list[Key]:
    name = pod["spec"].get("nodeName", "")
    return [Key("", name)] if _evicting(view, name) else []


CONTROLLER = Controller(
    name="taint-eviction-controller",
    reconcile=reconcile,
    watches={"Node": itself, "Pod": _its_node},
)
