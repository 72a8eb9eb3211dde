"""Goal: nobody passes without a repair. Method: bring service levels back in ways that leave the cause, or a guard, behind.

Each of them once passed with the full score, and without a finding.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from opsrange.scenarios.instance import Instance, build
from opsrange.scoring.regrade import regrade
from opsrange.scoring.verdict import RepairResult
from opsrange.types import MINUTE_MS, Json
from opsrange.wire import Request, Response
from opsrange.world import branch

_MERGE = "application/merge-patch+json"
Trick = Callable[[Instance], int]


def _write(
    instance: Instance, method: str, path: str, body: Any, media: str = "application/json"
) -> int:
    request = Request(method, path, {}, {"content-type": media}, json.dumps(body).encode())
    answer = instance.handlers["kubernetes:6443"].handle(request)
    assert isinstance(answer, Response)
    return answer.status


def _target(instance: Instance) -> Json:
    return instance.estate.operator.get(
        "deployments", instance.estate.namespace, instance.params["service"]
    )


def _concluded(scenario: str, trick: Trick) -> tuple[int, RepairResult]:
    instance = build(scenario, 3)

    def attempt() -> tuple[int, Json]:
        instance.begin().begin()
        status = trick(instance)
        instance.estate.advance(2 * MINUTE_MS)
        evidence: Json = instance.call("conclude", {"report": None})
        return status, evidence

    status, evidence = branch(attempt)
    repair = regrade(evidence).repair
    assert repair is not None
    return status, repair


def _bare_pod(instance: Instance) -> int:
    target, namespace = _target(instance), instance.estate.namespace
    template = target["spec"]["template"]
    metadata = {"name": "mine-0", "labels": template["metadata"]["labels"]}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    return _write(instance, "POST", f"/api/v1/namespaces/{namespace}/pods", document)


def _copy(kind: str, plural: str) -> Trick:
    def trick(instance: Instance) -> int:
        target, namespace = _target(instance), instance.estate.namespace
        template = target["spec"]["template"]
        labels = {**template["metadata"]["labels"], "copy": "yes"}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
        }
        metadata = {"name": f"{instance.params['service']}-mine"}
        document = {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
        return _write(instance, "POST", f"/apis/apps/v1/namespaces/{namespace}/{plural}", document)

    return trick


def _ask_nothing(instance: Instance) -> int:
    target = _target(instance)
    del target["metadata"]["resourceVersion"]
    container = target["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] = {"exec": {"command": ["true"]}}
    name, namespace = target["metadata"]["name"], instance.estate.namespace
    return _write(
        instance, "PUT", f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}", target
    )


def _drop_quota(instance: Instance) -> int:
    path = (
        f"/api/v1/namespaces/{instance.estate.namespace}/resourcequotas/{instance.params['quota']}"
    )
    return _write(instance, "PATCH", path, {"spec": {"hard": {"pods": None}}}, _MERGE)


def _patch(instance: Instance, patch: Json) -> int:
    name, namespace = instance.params["service"], instance.estate.namespace
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    return _write(instance, "PATCH", path, patch, "application/strategic-merge-patch+json")


def _bare_pod_and(patch: Json) -> Trick:
    def trick(instance: Instance) -> int:
        return max(_bare_pod(instance), _patch(instance, patch))

    return trick


def _bare_pod_and_a_variable(instance: Instance) -> int:
    [container, *_] = _target(instance)["spec"]["template"]["spec"]["containers"]
    named = {"name": container["name"], "env": [{"name": "NOTE", "value": "x"}]}
    return _bare_pod_and({"spec": {"template": {"spec": {"containers": [named]}}}})(instance)


def _sound_pod_and_another_wrong_port(instance: Instance) -> int:
    """The very field that is broken is changed, and nothing gets better by it: a pod without a probe serves."""
    template = _target(instance)["spec"]["template"]
    [container, *_] = template["spec"]["containers"]
    sound = {name: value for name, value in container.items() if name != "readinessProbe"}
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "mine-0", "labels": template["metadata"]["labels"]},
        "spec": {**template["spec"], "containers": [sound]},
    }
    path = f"/api/v1/namespaces/{instance.estate.namespace}/pods"
    wrong = {"name": container["name"], "readinessProbe": {"tcpSocket": {"port": 9}}}
    return max(
        _write(instance, "POST", path, document),
        _patch(instance, {"spec": {"template": {"spec": {"containers": [wrong]}}}}),
    )


def _repair_beside_a_pod(instance: Instance) -> int:
    instance.fault.remove(instance.estate, instance.params)
    return _bare_pod(instance)


def _boundless_quota(instance: Instance) -> int:
    path = (
        f"/api/v1/namespaces/{instance.estate.namespace}/resourcequotas/{instance.params['quota']}"
    )
    return _write(instance, "PATCH", path, {"spec": {"hard": {"pods": "999999"}}}, _MERGE)


def _container(**fields: Any) -> Trick:
    """Put a service's fields right or wrong, beside its repair."""

    def trick(instance: Instance) -> int:
        [container, *_] = _target(instance)["spec"]["template"]["spec"]["containers"]
        named = {"name": container["name"], **fields}
        instance.fault.remove(instance.estate, instance.params)
        return _patch(instance, {"spec": {"template": {"spec": {"containers": [named]}}}})

    return trick


_NOTHING = "nothing that could be a repair"


@pytest.mark.parametrize(
    ("scenario", "trick", "word"),
    [
        ("scaled-to-zero", _bare_pod_and({"metadata": {"annotations": {"note": "x"}}}), _NOTHING),
        ("scaled-to-zero", _bare_pod_and({"metadata": {"labels": {"note": "x"}}}), _NOTHING),
        ("scaled-to-zero", _bare_pod_and({"spec": {"revisionHistoryLimit": 20}}), _NOTHING),
        ("scaled-to-zero", _bare_pod_and_a_variable, _NOTHING),
        ("quota-exhausted", _boundless_quota, "guards nothing"),
        (
            "readiness-wrong-port",
            _container(readinessProbe={"failureThreshold": 100_000}),
            "guards nothing",
        ),
        (
            "readiness-wrong-port",
            _container(securityContext={"privileged": True}),
            "more privilege",
        ),
        ("scaled-to-zero", _bare_pod, "nothing that could be a repair"),
        ("scaled-to-zero", _copy("ReplicaSet", "replicasets"), "nothing that could be a repair"),
        ("scaled-to-zero", _copy("Deployment", "deployments"), "nothing that could be a repair"),
        ("readiness-wrong-port", _ask_nothing, "the probe runs a command"),
        ("quota-exhausted", _drop_quota, "a quota no longer limits"),
        ("readiness-wrong-port", _sound_pod_and_another_wrong_port, "only as long as"),
    ],
)
def test_service_levels_alone_are_no_repair(scenario: str, trick: Trick, word: str) -> None:
    status, repair = _concluded(scenario, trick)
    assert status in {200, 201}
    assert repair.objective.met
    assert not repair.passed
    assert any(word in reason for reason in repair.reasons)


def test_what_is_left_beside_a_repair_costs_a_tenth() -> None:
    status, repair = _concluded("scaled-to-zero", _repair_beside_a_pod)
    assert status == 201
    assert (repair.passed, repair.score) == (True, 0.9)


def test_readiness_cannot_be_declared() -> None:
    def declare(instance: Instance) -> int:
        pods = instance.estate.pods_of(instance.params["service"])
        ready = [{"type": "Ready", "status": "True"}]
        statuses = [
            _write(
                instance,
                "PATCH",
                f"/api/v1/namespaces/{instance.estate.namespace}/pods/{pod['metadata']['name']}/status",
                {"status": {"conditions": ready}},
                _MERGE,
            )
            for pod in pods
        ]
        return max(statuses)

    status, repair = _concluded("readiness-wrong-port", declare)
    assert status == 403
    assert not repair.objective.met


def test_a_similar_name_is_outside_the_repair_region() -> None:
    instance = build("scaled-to-zero", 3)
    region = instance.remedy.region
    service = instance.params["service"]
    assert region == (f"{instance.estate.namespace}/Deployment/{service}",)
