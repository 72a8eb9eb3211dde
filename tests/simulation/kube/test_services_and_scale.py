"""Endpoints, autoscaling, namespaces, cordons, daemon and stateful sets."""

from __future__ import annotations

from tests.simulation.kube.scripted import World, deployment, service

from opsrange.kube.runtime import Probe, Usage
from opsrange.types import Json, rfc3339


def _addresses(world: World, name: str) -> list[Json]:
    found: list[Json] = world.get("Endpoints", name).get("subsets", [])
    return found


def test_endpoints_follow_selector_port_and_readiness() -> None:
    world = World()
    ports = [{"name": "web", "containerPort": 8080}]
    world.install(deployment("cart", 2, ports=ports), service("cart", target="web"))
    (subset,) = _addresses(world, "cart")
    assert len(subset["addresses"]) == 2
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    broken = world.get("Service", "cart")["spec"]["ports"]
    world.change("Service", "cart", ports=[{**broken[0], "targetPort": 9090}])
    world.run(1)
    assert _addresses(world, "cart")[0]["ports"][0]["port"] == 9090
    world.change("Service", "cart", selector={"app": "kart"})
    world.run(1)
    assert _addresses(world, "cart") == []
    slices = world.cluster.view.list("EndpointSlice", "shop")
    assert [item.get("endpoints") for item in slices] == [None]


def test_terminating_pod_leaves_endpoints_at_once() -> None:
    world = World()
    world.install(deployment("cart"), service("cart"))
    world.cluster.delete("Pod", "shop", world.pod("cart")["metadata"]["name"])
    world.run(0.3)
    assert _addresses(world, "cart") == []


def _scaled_cart() -> World:
    """A deployment with an autoscaler that wants half of the requested CPU used."""
    world = World()
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}}
    world.install(deployment("cart", resources=resources))
    target = {"type": "Utilization", "averageUtilization": 50}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 3, "metrics": [metric]}
    metadata = {"name": "cart", "namespace": "shop"}
    world.cluster.apply({**scaler, "metadata": metadata, "spec": spec})
    return world


def test_autoscaler_without_a_reading_shows_none() -> None:
    world = _scaled_cart()
    world.run(40)
    assert world.get("HorizontalPodAutoscaler", "cart")["status"]["currentMetrics"]
    world.change("Deployment", "cart", replicas=0)
    world.run(40)
    disabled = world.condition("HorizontalPodAutoscaler", "cart", "ScalingActive")
    assert disabled["reason"] == "ScalingDisabled"
    assert "currentMetrics" not in world.get("HorizontalPodAutoscaler", "cart")["status"]


def test_autoscaler_of_pods_that_are_not_ready_says_so_twice() -> None:
    world = _scaled_cart()
    world.run(40)
    probe = {"httpGet": {"port": 9}}
    world.script.probes["shop/cart:1 9"] = Probe(ok=False)
    template = world.get("Deployment", "cart")["spec"]["template"]
    container = {**template["spec"]["containers"][0], "readinessProbe": probe}
    spec = {**template["spec"], "containers": [container]}
    world.change(
        "Deployment", "cart", template={**template, "spec": spec}, strategy={"type": "Recreate"}
    )
    world.run(60)
    assert "currentMetrics" not in world.get("HorizontalPodAutoscaler", "cart")["status"]
    words = (
        "failed to get cpu utilization: did not receive metrics for targeted pods "
        "(pods might be unready)"
    )
    whole = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {words}"
    assert f"Warning FailedGetResourceMetric {words}" in world.events("cart")
    assert f"Warning FailedComputeMetricsReplicas {whole}" in world.events("cart")


def test_autoscaler_scales_up_at_once_and_down_after_five_minutes() -> None:
    world = _scaled_cart()
    world.script.usages["shop/cart:1"] = Usage(200, 1)
    world.run(40)
    assert world.get("Deployment", "cart")["spec"]["replicas"] == 3
    limited = world.condition("HorizontalPodAutoscaler", "cart", "ScalingLimited")
    assert (limited["status"], limited["reason"]) == ("True", "TooManyReplicas")
    words = "New size: 3; reason: cpu resource utilization (percentage of request) above target"
    assert f"Normal SuccessfulRescale {words}" in world.events("cart")
    world.script.usages["shop/cart:1"] = Usage(10, 1)
    world.run(200)
    assert world.get("Deployment", "cart")["spec"]["replicas"] == 3
    world.run(200)
    assert world.get("Deployment", "cart")["spec"]["replicas"] == 1
    words = "New size: 1; reason: All metrics below target"
    assert f"Normal SuccessfulRescale {words}" in world.events("cart")


def test_deleted_namespace_empties_and_goes() -> None:
    world = World()
    world.install(deployment("cart"), service("cart"))
    world.cluster.delete("Namespace", "", "shop")
    world.run(30)
    assert world.cluster.view.get("Namespace", "", "shop") is None
    assert list(world.cluster.view.list("Pod", "shop")) == []


def test_new_namespace_has_its_account_and_certificate() -> None:
    world = World()
    assert world.get("ServiceAccount", "default")
    assert "ca.crt" in world.get("ConfigMap", "kube-root-ca.crt")["data"]


def test_cordoned_nodes_take_no_pods() -> None:
    world = World()
    for index in range(3):
        machine = world.cluster.view.get("Node", "", f"node-{index}")
        assert machine is not None
        world.cluster.apply({**machine, "spec": {**machine["spec"], "unschedulable": True}})
    world.run(1)
    world.cluster.apply(deployment("cart"))
    world.run(2)
    words = (
        "0/3 nodes are available: 3 node(s) were unschedulable. preemption: 0/3 nodes are "
        "available: 3 Preemption is not helpful for scheduling."
    )
    assert f"Warning FailedScheduling {words}" in world.events("cart-")


def _taint(world: World, node: str, **taint: str) -> None:
    machine = world.cluster.view.get("Node", "", node)
    assert machine is not None
    taints = [{"key": "broken", "effect": "NoExecute", **taint}]
    world.cluster.apply({**machine, "spec": {**machine["spec"], "taints": taints}})


def test_pods_leave_a_node_whose_taint_they_do_not_tolerate() -> None:
    world = World()
    agent = deployment("agent", 3)
    agent["spec"]["template"]["spec"]["tolerations"] = [{"operator": "Exists"}]
    world.install(deployment("cart", 3), agent)
    staying = {pod["metadata"]["name"] for pod in world.pods("agent")}
    _taint(world, "node-1")
    world.run(60)
    assert {pod["spec"]["nodeName"] for pod in world.pods("cart")} == {"node-0", "node-2"}
    assert len(world.pods("cart")) == 3
    assert {pod["metadata"]["name"] for pod in world.pods("agent")} == staying
    assert any(
        text.startswith("Normal TaintManagerEviction Marking for deletion Pod shop/cart-")
        for text in world.events("cart-")
    )


def test_a_toleration_with_an_end_holds_until_then() -> None:
    world = World()
    patient = deployment("patient", 3)
    tolerated = {"key": "broken", "operator": "Exists", "tolerationSeconds": 120}
    patient["spec"]["template"]["spec"]["tolerations"] = [tolerated]
    world.install(patient)
    before = {pod["metadata"]["name"] for pod in world.pods("patient")}
    _taint(world, "node-1", timeAdded=rfc3339(world.cluster.kernel.now_ms))
    world.run(110)
    assert {pod["metadata"]["name"] for pod in world.pods("patient")} == before
    world.run(60)
    assert {pod["metadata"]["name"] for pod in world.pods("patient")} != before


def test_stateful_set_starts_in_order_with_stable_names() -> None:
    world = World()
    manifest = deployment("db", 2)
    manifest |= {"kind": "StatefulSet"}
    manifest["spec"]["serviceName"] = "db"
    world.cluster.apply(manifest)
    world.run(2)
    assert [pod["metadata"]["name"] for pod in world.pods("db")] == ["db-0"]
    world.cluster.settle()
    assert [pod["metadata"]["name"] for pod in world.pods("db")] == ["db-0", "db-1"]
    world.cluster.delete("Pod", "shop", "db-0")
    world.run(15)
    assert [pod["metadata"]["name"] for pod in world.pods("db")] == ["db-0", "db-1"]


def test_daemon_set_runs_everywhere() -> None:
    world = World()
    manifest = deployment("agent")
    manifest |= {"kind": "DaemonSet"}
    del manifest["spec"]["replicas"]
    world.install(manifest)
    assert {pod["spec"]["nodeName"] for pod in world.pods("agent")} == {
        "node-0",
        "node-1",
        "node-2",
    }


def test_a_healthy_cluster_writes_nothing_but_heartbeats() -> None:
    world = World()
    probe = {"httpGet": {"port": 8080}}
    world.install(*[deployment(f"app{i}", 2, readinessProbe=probe) for i in range(5)])
    world.run(3_700)
    version = world.cluster.store.resource_version
    world.run(3_600)
    assert world.cluster.store.resource_version == version + 3 * 12
    assert world.script.probed >= 10 * 700
