"""Endpoints, autoscaling, namespaces, cordons, daemon and stateful sets."""

from __future__ import annotations

from tests.simulation.kube.scripted import World, deployment, service

from opsrange.kube.runtime import Usage
from opsrange.types import Json


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


def test_autoscaler_scales_up_at_once_and_down_after_five_minutes() -> None:
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
