"""Deployments through changes, good and bad."""

from __future__ import annotations

from tests.simulation.kube.scripted import World, deployment

from opsrange.kube.controllers.deployments import REVISION
from opsrange.kube.store import Deletion
from opsrange.types import Json


def _sets(world: World, app: str = "cart") -> dict[str, int]:
    """Image to wanted replicas."""
    return {
        item["spec"]["template"]["spec"]["containers"][0]["image"]: item["spec"]["replicas"]
        for item in world.cluster.view.list("ReplicaSet", "shop")
        if item["metadata"]["labels"]["app"] == app
    }


def _revision(document: Json) -> str:
    return str(document["metadata"]["annotations"][REVISION])


def test_rolling_update_never_drops_below_availability() -> None:
    world = World()
    world.install(deployment("cart", 4))
    world.change_container("cart", image="shop/cart:2")
    least = 4
    for _ in range(40):
        world.run(0.5)
        ready = world.get("Deployment", "cart")["status"].get("availableReplicas", 0)
        least = min(least, ready)
        assert len([p for p in world.pods("cart") if "deletionTimestamp" not in p["metadata"]]) <= 5
    assert least == 3
    assert _sets(world) == {"shop/cart:1": 0, "shop/cart:2": 4}
    assert _revision(world.get("Deployment", "cart")) == "2"
    assert world.cluster.unsettled() == []


def test_bad_image_stalls_and_rollback_recovers() -> None:
    world = World()
    world.install(deployment("cart", 2))
    good = world.get("Deployment", "cart")["spec"]["template"]
    world.script.missing["shop/cart:2"] = "not found"
    world.change_container("cart", image="shop/cart:2")
    world.run(60)
    assert _sets(world) == {"shop/cart:1": 2, "shop/cart:2": 1}
    assert world.get("Deployment", "cart")["status"]["availableReplicas"] == 2
    world.run(700)
    progressing = world.condition("Deployment", "cart", "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert "has timed out progressing." in progressing["message"]
    world.change("Deployment", "cart", template=good)
    world.run(30)
    assert _sets(world) == {"shop/cart:1": 2, "shop/cart:2": 0}
    assert _revision(world.get("Deployment", "cart")) == "3"
    assert (
        world.condition("Deployment", "cart", "Progressing")["reason"] == "NewReplicaSetAvailable"
    )


def test_scaling_reports_and_deletes() -> None:
    world = World()
    world.install(deployment("cart", 1))
    world.change("Deployment", "cart", replicas=3)
    world.run(10)
    assert len(world.pods("cart")) == 3
    name = world.cluster.view.list("ReplicaSet", "shop")[0]["metadata"]["name"]
    words = f"Normal ScalingReplicaSet Scaled up replica set {name} from 1 to 3"
    assert words in world.events("cart")
    world.change("Deployment", "cart", replicas=0)
    world.run(10)
    assert world.pods("cart") == []
    assert f"Normal ScalingReplicaSet Scaled down replica set {name} from 3 to 0" in world.events()


def test_scaling_a_stuck_rollout_is_proportional() -> None:
    world = World()
    world.install(deployment("cart", 4))
    world.script.missing["shop/cart:2"] = "not found"
    world.change_container("cart", image="shop/cart:2")
    world.run(60)
    assert _sets(world) == {"shop/cart:1": 3, "shop/cart:2": 2}
    world.change("Deployment", "cart", replicas=8)
    world.run(30)
    assert _sets(world) == {"shop/cart:1": 6, "shop/cart:2": 4}
    world.change("Deployment", "cart", replicas=0)
    world.run(30)
    assert _sets(world) == {"shop/cart:1": 0, "shop/cart:2": 0}
    assert world.pods("cart") == []


def test_paused_deployment_waits() -> None:
    world = World()
    world.install(deployment("cart"))
    world.change("Deployment", "cart", paused=True)
    world.change_container("cart", image="shop/cart:2")
    world.run(10)
    assert _sets(world) == {"shop/cart:1": 1}
    assert world.condition("Deployment", "cart", "Progressing")["reason"] == "DeploymentPaused"
    world.change("Deployment", "cart", paused=False)
    world.run(20)
    assert _sets(world) == {"shop/cart:1": 0, "shop/cart:2": 1}


def test_recreate_stops_all_before_starting() -> None:
    world = World()
    manifest = deployment("cart", 2)
    manifest["spec"]["strategy"] = {"type": "Recreate"}
    world.install(manifest)
    world.change_container("cart", image="shop/cart:2")
    for _ in range(40):
        world.run(0.25)
        images = {p["spec"]["containers"][0]["image"] for p in world.pods("cart")}
        assert len(images) <= 1
    assert images == {"shop/cart:2"}


def test_history_beyond_the_limit_is_forgotten() -> None:
    world = World()
    manifest = deployment("cart")
    manifest["spec"]["revisionHistoryLimit"] = 2
    world.install(manifest)
    for release in range(2, 7):
        world.change_container("cart", image=f"shop/cart:{release}")
        world.run(15)
    assert sorted(_sets(world)) == ["shop/cart:4", "shop/cart:5", "shop/cart:6"]


def test_exhausted_quota_stops_pods_with_the_servers_words() -> None:
    world = World()
    resources = {"requests": {"memory": "100Mi"}, "limits": {"memory": "100Mi"}}
    world.install(deployment("cart", 2, resources=resources))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota"}
    hard = {"limits.memory": "250Mi", "pods": "10"}
    metadata = {"name": "compute", "namespace": "shop"}
    world.cluster.apply({**quota, "metadata": metadata, "spec": {"hard": hard}})
    world.change("Deployment", "cart", replicas=4)
    world.run(120)
    assert len(world.pods("cart")) == 2
    words = (
        "is forbidden: exceeded quota: compute, requested: limits.memory=100Mi, "
        "used: limits.memory=200Mi, limited: limits.memory=250Mi"
    )
    failed = [text for text in world.events("cart-") if "FailedCreate" in text]
    assert failed[0].startswith('Warning FailedCreate Error creating: pods "cart-')
    assert all(words in text for text in failed)
    assert any("(combined from similar events)" in text for text in failed)
    failure = world.condition("Deployment", "cart", "ReplicaFailure")
    assert failure["reason"] == "FailedCreate"
    assert words in failure["message"]
    used = world.get("ResourceQuota", "compute")["status"]["used"]
    assert used == {"limits.memory": "200Mi", "pods": "2"}
    world.cluster.apply(
        {**quota, "metadata": metadata, "spec": {"hard": {**hard, "limits.memory": "1Gi"}}}
    )
    world.run(600)
    assert len(world.pods("cart")) == 4


def test_deleting_a_deployment_takes_everything_with_it() -> None:
    world = World()
    world.install(deployment("cart", 2))
    world.cluster.delete("Deployment", "shop", "cart")
    world.run(20)
    assert world.pods("cart") == []
    assert list(world.cluster.view.list("ReplicaSet", "shop")) == []


def test_a_deployment_made_anew_takes_back_what_was_left_running() -> None:
    world = World()
    manifest = deployment("cart", 2)
    world.install(manifest)
    world.change_container("cart", image="shop/cart:2")
    world.run(30)
    before = {pod["metadata"]["uid"] for pod in world.pods("cart")}
    world.cluster.delete("Deployment", "shop", "cart", how=Deletion(propagation="Orphan"))
    world.run(5)
    assert {pod["metadata"]["uid"] for pod in world.pods("cart")} == before
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/cart:2"
    world.install(manifest)
    world.run(30)
    assert {pod["metadata"]["uid"] for pod in world.pods("cart")} == before
    assert _sets(world) == {"shop/cart:1": 0, "shop/cart:2": 2}
    assert _revision(world.get("Deployment", "cart")) == "2"
    owners = {
        reference["uid"]
        for item in world.cluster.view.list("ReplicaSet", "shop")
        for reference in item["metadata"]["ownerReferences"]
    }
    assert owners == {world.get("Deployment", "cart")["metadata"]["uid"]}


def test_a_name_that_is_taken_by_what_was_let_go_is_not_used_again() -> None:
    world = World()
    world.install(deployment("cart", 2))
    [replica_set] = world.cluster.view.list("ReplicaSet", "shop")
    metadata = {**replica_set["metadata"], "labels": {"x": "y"}}
    world.cluster.writer.update({**replica_set, "metadata": metadata})
    world.run(60)
    status = world.get("Deployment", "cart")["status"]
    assert (status["collisionCount"], status["availableReplicas"]) == (1, 2)
    [orphan] = [
        each
        for each in world.cluster.view.list("ReplicaSet", "shop")
        if not each["metadata"].get("ownerReferences")
    ]
    assert orphan["metadata"]["name"] == replica_set["metadata"]["name"]
