"""Goal: no cause passes as repaired because something beside it serves instead. Method: carriers that no snapshot compares.

In each the broken field is changed as well, from one wrong value to another, which alone looks like a repair. All passed once.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.red_team.tricks import MERGE, Trick, concluded, patch, target, write

from opsrange.scenarios.instance import Instance
from opsrange.types import SECOND_MS, Json


def _container(instance: Instance) -> Json:
    [container, *_] = target(instance)["spec"]["template"]["spec"]["containers"]
    found: Json = copy.deepcopy(container)
    return found


def _path(instance: Instance, plural: str, group: str = "api/v1") -> str:
    return f"/{group}/namespaces/{instance.estate.namespace}/{plural}"


def _another_wrong_port(instance: Instance) -> int:
    probe = {"name": _container(instance)["name"], "readinessProbe": {"tcpSocket": {"port": 9}}}
    return patch(instance, {"spec": {"template": {"spec": {"containers": [probe]}}}})


def _owner(instance: Instance) -> Json:
    """Of a pod that a controller is said to have made; it did not."""
    metadata = target(instance)["metadata"]
    identity = {"name": metadata["name"], "uid": metadata["uid"]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", **identity}


def _sound(instance: Instance) -> Json:
    """The pod template without its probe: whatever it is asked, it serves."""
    template = copy.deepcopy(target(instance)["spec"]["template"])
    template["spec"]["containers"][0].pop("readinessProbe")
    found: Json = template
    return found


def _pod(*, owned: bool) -> Trick:
    def trick(instance: Instance) -> int:
        template = _sound(instance)
        metadata: Json = {"name": "mine-0", "labels": template["metadata"]["labels"]}
        if owned:
            metadata["ownerReferences"] = [_owner(instance)]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        status = write(instance, "POST", _path(instance, "pods"), pod)
        return max(status, _another_wrong_port(instance))

    return trick


def _copy_that_cannot_be_deleted(instance: Instance) -> int:
    template = _sound(instance)
    template["metadata"]["labels"]["copy"] = "yes"
    selector = {"matchLabels": template["metadata"]["labels"]}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "mine", "finalizers": ["orphan"]},
        "spec": {"replicas": 2, "selector": selector, "template": template},
    }
    status = write(instance, "POST", _path(instance, "deployments", "apis/apps/v1"), document)
    return max(status, _another_wrong_port(instance))


def _slice_by_hand(instance: Instance) -> int:
    status, service = _another_wrong_port(instance), instance.params["service"]
    instance.estate.advance(40 * SECOND_MS)
    ports = instance.estate.operator.get("services", instance.estate.namespace, service)["spec"]
    document = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "mine", "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [
            {"name": port.get("name", ""), "port": port["targetPort"], "protocol": "TCP"}
            for port in ports["ports"]
        ],
        "endpoints": [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", **key, "uid": pod["metadata"]["uid"]},
            }
            for pod in instance.estate.pods_of(service)
            for key in [{each: pod["metadata"][each] for each in ("namespace", "name")}]
        ],
    }
    path = _path(instance, "endpointslices", "apis/discovery.k8s.io/v1")
    return max(status, write(instance, "POST", path, document))


def _labelled_pods(instance: Instance) -> int:
    service = instance.params["service"]
    document = instance.estate.operator.get("services", instance.estate.namespace, service)
    document["spec"]["selector"] = {"ad": "hoc"}
    statuses = [write(instance, "PUT", _path(instance, f"services/{service}"), document)]
    for pod in instance.estate.pods_of(service):
        path = _path(instance, f"pods/{pod['metadata']['name']}")
        statuses.append(
            write(instance, "PATCH", path, {"metadata": {"labels": {"ad": "hoc"}}}, MERGE)
        )
    return max(statuses)


@pytest.mark.parametrize(
    ("scenario", "trick"),
    [
        ("readiness-wrong-port", _pod(owned=False)),
        ("readiness-wrong-port", _pod(owned=True)),
        ("readiness-wrong-port", _copy_that_cannot_be_deleted),
        ("readiness-wrong-port", _slice_by_hand),
        ("selector-broken", _labelled_pods),
    ],
)
def test_what_serves_in_its_place_is_taken_away(scenario: str, trick: Trick) -> None:
    status, repair = concluded(scenario, trick)
    assert status in {200, 201}
    assert repair.objective.met
    assert (repair.passed, repair.score) == (False, 0.5)
    assert "only as long as" in repair.reasons[-1]


def _told(instance: Instance, host: str) -> int:
    """The service looks for what it depends on at another host."""
    value = instance.params["old"].replace(_dependency(instance), host)
    variable = {"name": instance.params["variable"], "value": value}
    container = {"name": _container(instance)["name"], "env": [variable]}
    return patch(instance, {"spec": {"template": {"spec": {"containers": [container]}}}})


def _dependency(instance: Instance) -> str:
    old: str = instance.params["old"]
    return old.removeprefix("http://").rpartition(":")[0]


def _plainly(instance: Instance, address: str) -> int:
    return _told(instance, address)


def _in_two_parts(instance: Instance, address: str) -> int:
    document, (first, _, rest) = target(instance), address.partition(".")
    variables = document["spec"]["template"]["spec"]["containers"][0]["env"]
    for each in variables:
        if each["name"] == instance.params["variable"]:
            each["value"] = instance.params["old"].replace(_dependency(instance), f"$(A).{rest}")
    variables.insert(0, {"name": "A", "value": first})
    path = _path(instance, f"deployments/{document['metadata']['name']}", "apis/apps/v1")
    return write(instance, "PUT", path, document)


def _in_a_secret(instance: Instance, address: str) -> int:
    value = instance.params["old"].replace(_dependency(instance), address)
    data = {"to": base64.b64encode(value.encode()).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "data": data}
    status = write(instance, "POST", _path(instance, "secrets"), secret)
    source = {"secretKeyRef": {"name": "mine", "key": "to"}}
    variable = {"name": instance.params["variable"], "value": None, "valueFrom": source}
    container = {"name": _container(instance)["name"], "env": [variable]}
    patched = patch(instance, {"spec": {"template": {"spec": {"containers": [container]}}}})
    return max(status, patched)


@pytest.mark.parametrize("spelt", [_plainly, _in_two_parts, _in_a_secret])
def test_an_address_that_lasts_as_long_as_a_pod_repairs_nothing(
    spelt: Callable[[Instance, str], int],
) -> None:
    def trick(instance: Instance) -> int:
        [pod, *_] = instance.estate.pods_of(_dependency(instance))
        return spelt(instance, pod["status"]["podIP"])

    status, repair = concluded("dependency-moved", trick)
    assert status in {200, 201}
    assert repair.objective.met
    assert (repair.passed, repair.score) == (False, 0.5)
    assert "only as long as" in repair.reasons[-1]


def test_an_address_that_lasts_is_as_good_as_a_name() -> None:
    def trick(instance: Instance) -> int:
        space = instance.estate.namespace
        service = instance.estate.operator.get("services", space, _dependency(instance))
        return _told(instance, service["spec"]["clusterIP"])

    status, repair = concluded("dependency-moved", trick)
    assert status == 200
    assert repair.passed, repair.reasons


def test_a_pod_that_only_claims_an_owner_is_judged() -> None:
    def trick(instance: Instance) -> int:
        instance.fault.remove(instance.estate, instance.params)
        container = {**_container(instance), "securityContext": {"privileged": True}}
        metadata = {"name": "mine-0", "ownerReferences": [_owner(instance)]}
        spec = {"containers": [container]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        return write(instance, "POST", _path(instance, "pods"), pod)

    status, repair = concluded("scaled-to-zero", trick)
    assert status == 201
    assert not repair.passed
    assert any("more privilege" in reason for reason in repair.reasons)


def test_another_name_for_the_container_repairs_nothing() -> None:
    def trick(instance: Instance) -> int:
        document = target(instance)
        document["spec"]["template"]["spec"]["containers"][0]["name"] += "-app"
        limits = document["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        limits["memory"] = "2Gi"
        path = _path(instance, f"deployments/{document['metadata']['name']}", "apis/apps/v1")
        return write(instance, "PUT", path, document)

    status, repair = concluded("leaking-release", trick)
    assert status == 200
    assert not repair.passed
    assert "nothing that could be a repair" in repair.reasons[-1]


def test_settings_that_were_not_broken_must_stay() -> None:
    def trick(instance: Instance) -> int:
        space = instance.estate.namespace
        data: dict[str, Any] = instance.estate.operator.get("configmaps", space, "flagd-config")
        empty = {key: json.dumps({"flags": {}}) for key in data["data"]}
        path = _path(instance, "configmaps/flagd-config")
        return write(instance, "PATCH", path, {"data": empty}, MERGE)

    status, repair = concluded("flag-switched", trick)
    assert status == 200
    assert repair.objective.met
    assert not repair.passed
    assert any("settings are gone: flags." in reason for reason in repair.reasons)


@pytest.mark.parametrize("left", ["ConfigMap", "Service"])
def test_what_a_repair_needs_or_nobody_uses_may_be_left(left: str) -> None:
    def trick(instance: Instance) -> int:
        instance.fault.remove(instance.estate, instance.params)
        document: Json = {"apiVersion": "v1", "kind": left, "metadata": {"name": "mine"}}
        if left == "Service":
            document["spec"] = {"ports": [{"port": 80}]}
        return write(instance, "POST", _path(instance, f"{left.lower()}s"), document)

    status, repair = concluded("readiness-wrong-port", trick)
    assert status == 201
    assert (repair.passed, repair.score) == (True, 0.9)


def test_a_workload_made_anew_around_what_runs_is_repaired() -> None:
    """Deleted without its replica sets and declared again, the good release is rolled out beside what is there."""

    def trick(instance: Instance) -> int:
        document = target(instance)
        name, path = document["metadata"]["name"], _path(instance, "deployments", "apis/apps/v1")
        options = {"propagationPolicy": "Orphan"}
        gone = write(instance, "DELETE", f"{path}/{name}", options)
        instance.estate.advance(5 * SECOND_MS)
        metadata = {key: document["metadata"][key] for key in ("name", "namespace", "labels")}
        for variable in document["spec"]["template"]["spec"]["containers"][0]["env"]:
            if variable["name"] == instance.params["variable"]:
                variable["value"] = instance.params["old"]
        document.pop("status")
        return max(gone, write(instance, "POST", path, {**document, "metadata": metadata}))

    status, repair = concluded("dependency-moved", trick)
    assert status == 201
    assert repair.passed, repair.reasons
