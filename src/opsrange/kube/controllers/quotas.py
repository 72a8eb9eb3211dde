"""The status of resource quotas and of disruption budgets."""

from __future__ import annotations

from opsrange.kube.admission import binary_notation, quota_used
from opsrange.kube.controllers.rollout_status import resolve
from opsrange.kube.controllers.writes import (
    Controller,
    Key,
    SetStatus,
    Writes,
    itself,
    with_condition,
)
from opsrange.kube.quantities import written
from opsrange.kube.view import View, controller_of, pod_active, pod_ready, selects
from opsrange.types import Json, rfc3339


def reconcile_quota(view: View, key: Key, now_ms: int) -> Writes:
    """Say what a quota's namespace uses."""
    quota = view.get("ResourceQuota", key.namespace, key.name)
    if quota is None:
        return
    hard = quota["spec"].get("hard", {})
    used = {
        name: written(amount, binary=binary_notation(name, hard[name]))
        for name, amount in quota_used(quota, view).items()
    }
    yield SetStatus(quota, {"hard": hard, "used": used})


def _quotas_of(view: View, document: Json) -> list[Key]:
    namespace = document["metadata"].get("namespace", "")
    return [
        Key(namespace, quota["metadata"]["name"]) for quota in view.list("ResourceQuota", namespace)
    ]


def reconcile_budget(view: View, key: Key, now_ms: int) -> Writes:
    """Say how many disruptions a budget allows now."""
    budget = view.get("PodDisruptionBudget", key.namespace, key.name)
    if budget is None:
        return
    spec = budget["spec"]
    pods = [
        pod
        for pod in view.list("Pod", key.namespace)
        if pod_active(pod) and selects(spec.get("selector"), pod["metadata"].get("labels") or {})
    ]
    expected = _expected(view, key.namespace, pods)
    healthy = sum(pod_ready(pod) for pod in pods)
    if "minAvailable" in spec:
        desired = resolve(spec["minAvailable"], expected, up=True)
    else:
        desired = max(0, expected - resolve(spec.get("maxUnavailable", 1), expected, up=True))
    allowed = max(0, healthy - desired) if pods else 0
    status: Json = {
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "observedGeneration": budget["metadata"].get("generation", 1),
    }
    if old := budget.get("status", {}).get("conditions"):
        status["conditions"] = old
    fresh = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
    }
    yield SetStatus(budget, with_condition(status, fresh, rfc3339(now_ms)))


def _expected(view: View, namespace: str, pods: list[Json]) -> int:
    """The replicas the pods' owners want."""
    wanted: dict[str, int] = {}
    for pod in pods:
        reference = controller_of(pod)
        owner = view.get(reference["kind"], namespace, reference["name"]) if reference else None
        if reference is None or owner is None or "replicas" not in owner["spec"]:
            wanted[pod["metadata"]["uid"]] = 1
        else:
            wanted[reference["uid"]] = int(owner["spec"]["replicas"])
    return sum(wanted.values())


def _budgets_of(view: View, pod: Json) -> list[Key]:
    namespace = pod["metadata"].get("namespace", "")
    return [
        Key(namespace, budget["metadata"]["name"])
        for budget in view.list("PodDisruptionBudget", namespace)
        if selects(budget["spec"].get("selector"), pod["metadata"].get("labels") or {})
    ]


CONTROLLERS = (
    Controller(
        name="resourcequota-controller",
        reconcile=reconcile_quota,
        watches={
            "ResourceQuota": itself,
            **dict.fromkeys(("Pod", "Service", "ConfigMap", "Secret", "Deployment"), _quotas_of),
        },
        delay_ms=200,
    ),
    Controller(
        name="disruption-controller",
        reconcile=reconcile_budget,
        watches={"PodDisruptionBudget": itself, "Pod": _budgets_of},
        delay_ms=100,
    ),
)
