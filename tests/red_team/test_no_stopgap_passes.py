"""Goal: nobody passes without a repair. Method: bring service levels back in ways that leave the cause, or a guard, behind.

Each of them once passed with the full score, and without a finding.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.red_team.tricks import MERGE, Trick, bare_pod, concluded, patch, target, write

from opsrange.scenarios.instance import Instance, build
from opsrange.types import Json


def _copy(kind: str, plural: str) -> Trick:
    def trick(instance: Instance) -> int:
        found, namespace = target(instance), instance.estate.namespace
        template = found["spec"]["template"]
        labels = {**template["metadata"]["labels"], "copy": "yes"}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
        }
        metadata = {"name": f"{instance.params['service']}-mine"}
        document = {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
        return write(instance, "POST", f"/apis/apps/v1/namespaces/{namespace}/{plural}", document)

    return trick


def _ask_nothing(instance: Instance) -> int:
    found = target(instance)
    del found["metadata"]["resourceVersion"]
    container = found["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] = {"exec": {"command": ["true"]}}
    name, namespace = found["metadata"]["name"], instance.estate.namespace
    return write(instance, "PUT", f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}", found)


def _drop_quota(instance: Instance) -> int:
    path = (
        f"/api/v1/namespaces/{instance.estate.namespace}/resourcequotas/{instance.params['quota']}"
    )
    return write(instance, "PATCH", path, {"spec": {"hard": {"pods": None}}}, MERGE)


def _bare_pod_and(fields: Json) -> Trick:
    def trick(instance: Instance) -> int:
        return max(bare_pod(instance), patch(instance, fields))

    return trick


def _bare_pod_and_a_variable(instance: Instance) -> int:
    [container, *_] = target(instance)["spec"]["template"]["spec"]["containers"]
    named = {"name": container["name"], "env": [{"name": "NOTE", "value": "x"}]}
    return _bare_pod_and({"spec": {"template": {"spec": {"containers": [named]}}}})(instance)


def _repair_beside_a_pod(instance: Instance) -> int:
    instance.fault.remove(instance.estate, instance.params)
    return bare_pod(instance)


def _boundless_quota(instance: Instance) -> int:
    path = (
        f"/api/v1/namespaces/{instance.estate.namespace}/resourcequotas/{instance.params['quota']}"
    )
    return write(instance, "PATCH", path, {"spec": {"hard": {"pods": "999999"}}}, MERGE)


def _container(**fields: Any) -> Trick:
    """Put a service's fields right or wrong, beside its repair."""

    def trick(instance: Instance) -> int:
        [container, *_] = target(instance)["spec"]["template"]["spec"]["containers"]
        named = {"name": container["name"], **fields}
        instance.fault.remove(instance.estate, instance.params)
        return patch(instance, {"spec": {"template": {"spec": {"containers": [named]}}}})

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
        ("scaled-to-zero", bare_pod, "nothing that could be a repair"),
        ("scaled-to-zero", _copy("ReplicaSet", "replicasets"), "nothing that could be a repair"),
        ("scaled-to-zero", _copy("Deployment", "deployments"), "nothing that could be a repair"),
        ("readiness-wrong-port", _ask_nothing, "the probe runs a command"),
        ("quota-exhausted", _drop_quota, "a quota no longer limits"),
    ],
)
def test_service_levels_alone_are_no_repair(scenario: str, trick: Trick, word: str) -> None:
    status, repair = concluded(scenario, trick)
    assert status in {200, 201}
    assert repair.objective.met
    assert not repair.passed
    assert any(word in reason for reason in repair.reasons)


def test_what_is_left_beside_a_repair_costs_a_tenth() -> None:
    status, repair = concluded("scaled-to-zero", _repair_beside_a_pod)
    assert status == 201
    assert (repair.passed, repair.score) == (True, 0.9)


def test_readiness_cannot_be_declared() -> None:
    def declare(instance: Instance) -> int:
        pods = instance.estate.pods_of(instance.params["service"])
        ready = [{"type": "Ready", "status": "True"}]
        statuses = [
            write(
                instance,
                "PATCH",
                f"/api/v1/namespaces/{instance.estate.namespace}/pods/{pod['metadata']['name']}/status",
                {"status": {"conditions": ready}},
                MERGE,
            )
            for pod in pods
        ]
        return max(statuses)

    status, repair = concluded("readiness-wrong-port", declare)
    assert status == 403
    assert not repair.objective.met


def test_a_similar_name_is_outside_the_repair_region() -> None:
    instance = build("scaled-to-zero", 3)
    region = instance.remedy.region
    service = instance.params["service"]
    assert region == (f"{instance.estate.namespace}/Deployment/{service}",)
