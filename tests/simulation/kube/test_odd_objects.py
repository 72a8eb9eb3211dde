"""Objects that an agent may write and that make little sense: refused, or lived with, never a crash."""

from __future__ import annotations

import contextlib

import pytest
from tests.simulation.kube.scripted import World, deployment, service

from opsrange.kube.status_errors import ApiError
from opsrange.types import Json

REFERENCE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}


def _scaler(**spec: object) -> Json:
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    metadata = {"name": "cart", "namespace": "shop"}
    return {**scaler, "metadata": metadata, "spec": {"maxReplicas": 3, **spec}}


def _quota(**hard: object) -> Json:
    metadata = {"name": "q", "namespace": "shop"}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata,
        "spec": {"hard": hard},
    }


def _with(name: str, **spec: object) -> Json:
    manifest = deployment(name)
    manifest["spec"] |= spec
    return manifest


def _pod_with(**spec: object) -> Json:
    manifest = deployment("odd")
    manifest["spec"]["template"]["spec"] |= spec
    return manifest


ODD: list[Json] = [
    _scaler(scaleTargetRef={"kind": "Deployment", "name": "nothing", "apiVersion": "apps/v1"}),
    _scaler(scaleTargetRef={"kind": "Service", "name": "cart", "apiVersion": "v1"}),
    _scaler(scaleTargetRef=REFERENCE),
    _scaler(
        scaleTargetRef=REFERENCE,
        metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Value"}}}],
    ),
    _scaler(
        scaleTargetRef=REFERENCE,
        metrics=[
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 0},
                },
            }
        ],
    ),
    _quota(**{"made.up/thing": "1", "count/widgets.example": "0"}),
    _quota(pods="0"),
    _with("odd", strategy={"rollingUpdate": {"maxSurge": "x%", "maxUnavailable": "-5"}}),
    _with("odd", replicas=0, revisionHistoryLimit=0),
    _with("odd", progressDeadlineSeconds=1, minReadySeconds=3),
    _pod_with(nodeName="nowhere"),
    _pod_with(nodeSelector={"a": "b"}),
    _pod_with(volumes=[{"name": "v", "configMap": {}}]),
    _pod_with(volumes=[{"name": "v", "emptyDir": {}}, {"name": "w", "projected": {"sources": []}}]),
    _pod_with(initContainers=[{"name": "first", "image": "shop/first:1"}]),
    _pod_with(terminationGracePeriodSeconds=0, restartPolicy="Always"),
    _pod_with(affinity={"nodeAffinity": {}}, tolerations=[{"operator": "Exists"}]),
    {**service("cart"), "spec": {"selector": {"app": "cart"}}},
    {**service("cart"), "spec": {"type": "ExternalName", "externalName": "example.org"}},
    {**service("cart"), "spec": {"clusterIP": "None", "selector": {"app": "cart"}}},
    {**service("cart"), "spec": {"type": "NodePort", "ports": [{"port": 80}]}},
    {**service("cart"), "spec": {"selector": {}, "ports": [{"port": 80, "targetPort": "no"}]}},
]


@pytest.mark.parametrize("document", ODD, ids=lambda item: f"{item['kind']}")
def test_no_object_breaks_a_controller(document: Json) -> None:
    world = World()
    world.install(deployment("cart", 2))
    with contextlib.suppress(ApiError):  # a refusal is a fine answer, too
        world.cluster.apply(document)
    world.run(60)
    world.cluster.delete("Deployment", "shop", "cart")
    world.run(60)
    world.cluster.delete("Namespace", "", "shop")
    world.run(60)
