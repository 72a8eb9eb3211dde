"""What Prometheus can ask about objects, usage and targets is what the cluster holds at the last scrape."""

from __future__ import annotations

from opsrange.estates import Estate
from opsrange.kube.quantities import parse_quantity
from opsrange.telemetry.promql import Engine
from opsrange.types import MINUTE_MS, Json
from opsrange.world import branch


def _values(estate: Estate, query: str, *labels: str) -> dict[tuple[str, ...], float]:
    found = Engine(estate.telemetry.metrics).vector(query, estate.kernel.now_ms)
    keys = [tuple(dict(each)[name] for name in labels) for each in found.labels]
    return dict(zip(keys, found.values, strict=True))


def _number(estate: Estate, query: str) -> float | None:
    return _values(estate, query).get(())


def test_objects_are_told_as_they_are(estate: Estate) -> None:
    deployments = estate.operator.list("deployments")
    wanted = {(d["metadata"]["namespace"], d["metadata"]["name"]): d for d in deployments}
    told = _values(estate, "kube_deployment_spec_replicas", "namespace", "deployment")
    assert told == {key: found["spec"]["replicas"] for key, found in wanted.items()}
    available = _values(
        estate, "kube_deployment_status_replicas_available", "namespace", "deployment"
    )
    assert available == told
    pods = estate.operator.list("pods")
    assert _number(estate, "count(kube_pod_info)") == len(pods)
    assert _number(estate, 'sum(kube_pod_status_phase{phase="Running"})') == len(pods)
    assert _number(estate, 'sum(kube_pod_status_phase{phase!="Running"})') == 0
    assert _number(estate, "count(kube_node_info)") == len(estate.operator.list("nodes"))
    ready = 'sum(kube_node_status_condition{condition="Ready",status="true"})'
    assert _number(estate, ready) == len(estate.operator.list("nodes"))


def test_quotas_limits_and_autoscalers_are_told(estate: Estate) -> None:
    [quota] = estate.operator.list("resourcequotas", estate.namespace)
    for side in ("hard", "used"):
        told = _values(estate, f'kube_resourcequota{{type="{side}"}}', "resource")
        assert told == {
            (name,): float(parse_quantity(amount)) for name, amount in quota["status"][side].items()
        }
    limit = 'max(kube_pod_container_resource_limits{container="cart",resource="memory"})'
    assert _number(estate, limit) == estate.memory_limit_bytes("cart")
    bounds = _values(
        estate, "kube_horizontalpodautoscaler_spec_max_replicas", "horizontalpodautoscaler"
    )
    scalers = estate.operator.list("horizontalpodautoscalers", estate.namespace)
    assert bounds == {(s["metadata"]["name"],): s["spec"]["maxReplicas"] for s in scalers}


def test_targets_are_up_and_usage_is_counted(estate: Estate) -> None:
    assert set(_values(estate, "up", "job", "instance").values()) == {1.0}
    jobs = {job for (job,) in _values(estate, "count by (job) (up)", "job")}
    assert jobs >= {"kubelet", "apiserver", "prometheus", "coredns"}
    memory = 'max(container_memory_working_set_bytes{container="cart"})'
    assert _number(estate, memory) == estate.memory_bytes("cart")
    busy = _number(estate, 'sum(rate(container_cpu_usage_seconds_total{container="cart"}[2m]))')
    assert busy is not None
    assert busy > 0


def test_what_changes_is_told_at_the_next_scrape(estate: Estate) -> None:
    def edit(document: Json) -> None:
        document["spec"]["replicas"] = 1

    asked = (
        'sum(kube_deployment_spec_replicas{deployment="cart"})',
        'sum(kube_deployment_status_replicas_available{deployment="cart"})',
        'count(kube_pod_info{pod=~"cart-.*"})',
        'count(container_memory_working_set_bytes{container="cart"})',
    )

    def explore() -> tuple[list[float | None], list[float | None]]:
        before = [_number(estate, query) for query in asked]
        estate.operator.change("deployments", estate.namespace, "cart", edit)
        estate.advance(2 * MINUTE_MS)
        return before, [_number(estate, query) for query in asked]

    before, after = branch(explore)
    assert before == [3.0] * 4
    assert after == [1.0] * 4


def test_a_container_that_does_not_start_is_told_with_its_reason(estate: Estate) -> None:
    def edit(document: Json) -> None:
        document["spec"]["template"]["spec"]["containers"][0]["image"] += "-none"

    def explore() -> set[tuple[str, ...]]:
        estate.operator.change("deployments", estate.namespace, "email", edit)
        estate.advance(3 * MINUTE_MS)
        return set(_values(estate, "kube_pod_container_status_waiting_reason", "reason"))

    reasons = branch(explore)
    assert reasons
    assert reasons <= {("ImagePullBackOff",), ("ErrImagePull",)}
