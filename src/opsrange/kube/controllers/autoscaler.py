"""Horizontal pod autoscalers: replicas from the use of cpu and memory against requests.

Follows kube-controller-manager's defaults: a look every 15 s, 10 % tolerance, 300 s of stabilisation before scaling down,
at most doubling (or four more) in 15 s when scaling up.
"""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.kube.controllers.writes import (
    Controller,
    Emit,
    Key,
    Requeue,
    SetStatus,
    Update,
    Writes,
    itself,
    with_condition,
)
from opsrange.kube.quantities import thousandths, written
from opsrange.kube.runtime import ContainerRuntime, Usage
from opsrange.kube.view import View, pod_active, pod_ready, selects
from opsrange.types import SECOND_MS, Json, rfc3339

_SYNC_MS = 15 * SECOND_MS
_TOLERANCE = 0.1
_DOWN_WINDOW_MS = 300 * SECOND_MS


class Autoscaler:
    """Looks at one autoscaler at a time; remembers recommendations for stabilisation."""

    def __init__(self, runtime: ContainerRuntime) -> None:
        self._runtime = runtime
        self._recommended: dict[str, list[tuple[int, int]]] = {}

    def reconcile(self, view: View, key: Key, now_ms: int) -> Writes:
        """One look."""
        scaler = view.get("HorizontalPodAutoscaler", key.namespace, key.name)
        if scaler is None:
            return
        yield Requeue(_SYNC_MS - now_ms % _SYNC_MS)
        spec, now = scaler["spec"], rfc3339(now_ms)
        reference = spec["scaleTargetRef"]
        target = view.get(reference["kind"], key.namespace, reference["name"])
        status = dict(scaler.get("status", {}))
        if target is None:
            group = "apps" if reference["kind"] != "Pod" else ""
            plural = f"{reference['kind'].lower()}s.{group}"
            words = f'the HPA controller was unable to get the target\'s current scale: {plural} "{reference["name"]}" not found'
            yield Emit(scaler, "Warning", "FailedGetScale", words.rpartition(": ")[2])
            fresh = _condition("AbleToScale", "False", "FailedGetScale", words)
            yield SetStatus(scaler, with_condition(status, fresh, now))
            return
        current = int(target["spec"].get("replicas", 1))
        status |= {"currentReplicas": current}
        fresh = _condition(
            "AbleToScale",
            "True",
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        if current == 0:
            words = "scaling is disabled since the replica count of the target is zero"
            status["desiredReplicas"] = 0
            status.pop("currentMetrics", None)
            status = with_condition(status, fresh, now)
            off = _condition("ScalingActive", "False", "ScalingDisabled", words)
            yield SetStatus(scaler, with_condition(status, off, now))
            return
        metrics, wanted, why = self._measure(view, scaler, target, current)
        if not metrics:
            status |= {"desiredReplicas": current}
            status.pop("currentMetrics", None)
            off = _condition("ScalingActive", "False", why[0], why[1])
            status = with_condition(with_condition(status, fresh, now), off, now)
            yield from _complaints(scaler, *why)
            yield SetStatus(scaler, status)
            return
        desired, limited = self._bounded(scaler, current, wanted, now_ms)
        status |= {"currentMetrics": metrics, "desiredReplicas": desired}
        active = _condition(
            "ScalingActive",
            "True",
            "ValidMetricFound",
            f"the HPA was able to successfully calculate a replica count from {why[1]}",
        )
        for condition in (_able(current, desired), active, limited):
            status = with_condition(status, condition, now)
        if desired != current:
            status["lastScaleTime"] = now
            yield Update({**target, "spec": {**target["spec"], "replicas": desired}})
            side = "above" if desired > current else "below"
            cause = f"{why[1]} {side} target" if side == "above" else "All metrics below target"
            yield Emit(
                scaler, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {cause}"
            )
        yield SetStatus(scaler, status)

    def _measure(
        self, view: View, scaler: Json, target: Json, current: int
    ) -> tuple[list[Json], int, tuple[str, str]]:
        """Current metrics, the replicas they call for, and the reason (or why there are none)."""
        namespace = scaler["metadata"]["namespace"]
        pods = [
            pod
            for pod in view.list("Pod", namespace)
            if pod_active(pod)
            and selects(target["spec"]["selector"], pod["metadata"].get("labels") or {})
        ]
        running = [pod for pod in pods if pod_ready(pod)]
        metrics, best, why = [], 0, ("FailedGetResourceMetric", "")
        for metric in scaler["spec"].get("metrics", ()):
            if metric.get("type") != "Resource":
                continue
            name, goal = metric["resource"]["name"], metric["resource"]["target"]
            if not goal.get("averageUtilization") and "averageValue" not in goal:
                continue
            failed = f"the HPA was unable to compute the replica count: failed to get {name} utilization: "
            if not running:
                return (
                    [],
                    current,
                    (
                        why[0],
                        failed
                        + "did not receive metrics for targeted pods (pods might be unready)",
                    ),
                )
            used, requested, lacking = self._totals(running, name)
            if lacking and goal.get("averageUtilization"):
                words = f"missing request for {name} in container {lacking[0]} of Pod {lacking[1]}"
                return [], current, (why[0], failed + words)
            average = used // len(running)
            value: Json = {"averageValue": written(average, binary=False)}
            if goal.get("averageUtilization"):
                utilization = used * 100 // max(1, requested)
                value = {"averageUtilization": utilization, **value}
                ratio, basis = (
                    utilization / goal["averageUtilization"],
                    " utilization (percentage of request)",
                )
            else:
                ratio, basis = average / max(1, thousandths(goal["averageValue"])), ""
            calm = abs(ratio - 1) <= _TOLERANCE
            count = current if calm else -int(-ratio * len(running) // 1)
            metrics.append({"type": "Resource", "resource": {"name": name, "current": value}})
            if count > best:
                best, why = count, ("", f"{name} resource{basis}")
        if not metrics:
            why = ("InvalidMetricSourceType", "the HPA has no metric that can be read")
        return metrics, best, why

    def _totals(self, pods: Sequence[Json], name: str) -> tuple[int, int, tuple[str, str] | None]:
        used = requested = 0
        lacking = None
        for pod in pods:
            for container in pod["spec"]["containers"]:
                request = container.get("resources", {}).get("requests", {}).get(name)
                if request is None:
                    lacking = lacking or (container["name"], pod["metadata"]["name"])
                requested += thousandths(request or 0)
                used += _amount(self._runtime.usage(pod, container["name"]), name)
        return used, requested, lacking

    def _bounded(self, scaler: Json, current: int, wanted: int, now_ms: int) -> tuple[int, Json]:
        """Stabilised, rate-limited and clamped replicas, and the ScalingLimited condition."""
        spec = scaler["spec"]
        down = spec.get("behavior", {}).get("scaleDown", {})
        window_ms = int(down.get("stabilizationWindowSeconds", _DOWN_WINDOW_MS // 1000)) * SECOND_MS
        past = self._recommended.setdefault(scaler["metadata"]["uid"], [])
        past[:] = [(ms, count) for ms, count in past if now_ms - ms < window_ms]
        past.append((now_ms, wanted))
        desired = wanted
        if wanted < current:
            desired = min(current, max(count for _, count in past))
        least, most = int(spec.get("minReplicas", 1)), int(spec["maxReplicas"])
        if desired > most:
            return most, _limited(
                "TooManyReplicas",
                "the desired replica count is more than the maximum replica count",
            )
        if desired < least:
            return least, _limited(
                "TooFewReplicas", "the desired replica count is less than the minimum replica count"
            )
        fastest = max(2 * current, current + 4)
        if desired > fastest:
            return fastest, _limited(
                "ScaleUpLimit",
                "the desired replica count is increasing faster than the maximum scale rate",
            )
        words = "the desired count is within the acceptable range"
        return desired, _condition("ScalingLimited", "False", "DesiredWithinRange", words)


def _complaints(scaler: Json, reason: str, message: str) -> Writes:
    """What is said when no metric can be read: of the metric, and of the whole look."""
    first = message.partition(": ")[2] or message
    yield Emit(scaler, "Warning", reason, first)
    if reason == "FailedGetResourceMetric":
        count = len(scaler["spec"].get("metrics", ()))
        resource = first.removeprefix("failed to get ").partition(" ")[0]
        words = (
            f"invalid metrics ({count} invalid out of {count}), first error is: "
            f"failed to get {resource} resource metric value: {first}"
        )
        yield Emit(scaler, "Warning", "FailedComputeMetricsReplicas", words)


def _able(current: int, desired: int) -> Json:
    if desired != current:
        words = f"the HPA controller was able to update the target scale to {desired}"
        return _condition("AbleToScale", "True", "SucceededRescale", words)
    words = "recommended size matches current size"
    return _condition("AbleToScale", "True", "ReadyForNewScale", words)


def _limited(reason: str, words: str) -> Json:
    return _condition("ScalingLimited", "True", reason, words)


def _condition(kind: str, status: str, reason: str, message: str) -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _amount(usage: Usage, name: str) -> int:
    return usage.cpu_millicores if name == "cpu" else usage.memory_bytes * 1000


def _unseen(_view: View, scaler: Json) -> list[Key]:
    """Only a new autoscaler needs a push; afterwards it looks every 15 s of itself, whatever is written."""
    return [] if scaler.get("status", {}).get("conditions") else list(itself(_view, scaler))


def autoscaler(runtime: ContainerRuntime) -> Controller:
    """The controller, which asks ``runtime`` for usage."""
    return Controller(
        name="horizontal-pod-autoscaler",
        reconcile=Autoscaler(runtime).reconcile,
        watches={"HorizontalPodAutoscaler": _unseen},
        delay_ms=500,
    )
