"""Goal: a failing agent cannot fill the machine or keep it busy. Method: ask for as much as the API lets one ask for."""

from __future__ import annotations

import pytest
from tests.red_team.tricks import MERGE, sent

from opsrange.kube.admission import OBJECTS_MAX
from opsrange.scenarios.instance import Instance, build
from opsrange.types import MINUTE_MS
from opsrange.wire import Request, Response
from opsrange.world import branch

_POD = {"containers": [{"name": "c", "image": "busybox"}]}


@pytest.fixture(scope="module")
def instance() -> Instance:
    return build("scaled-to-zero", 3)


def _workload(instance: Instance, replicas: int) -> None:
    """A deployment in a namespace without a quota."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "boom"}}
    assert sent(instance, "POST", "/api/v1/namespaces", namespace).status == 201
    instance.estate.advance(MINUTE_MS)
    labels = {"a": "b"}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _POD},
    }
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": spec,
    }
    answer = sent(instance, "POST", "/apis/apps/v1/namespaces/boom/deployments", document)
    assert answer.status == 201


def test_a_million_replicas_are_four_hundred_pods(instance: Instance) -> None:
    def ask() -> tuple[int, str]:
        _workload(instance, 1_000_000)
        instance.estate.advance(MINUTE_MS)
        replica_set = instance.estate.operator.list("replicasets", "boom")[0]
        (condition,) = replica_set["status"]["conditions"]
        return len(instance.estate.operator.list("pods")), condition["message"]

    pods, refusal = branch(ask)
    assert pods == OBJECTS_MAX["Pod"]
    assert "exceeded quota: cluster-objects" in refusal


def test_a_copy_cannot_double_for_ever(instance: Instance) -> None:
    path = f"/api/v1/namespaces/{instance.estate.namespace}/configmaps/flagd-config"
    operations = [
        {"op": "copy", "from": "/data", "path": f"/data/{number}"} for number in range(40)
    ]
    answer = sent(instance, "PATCH", path, operations, "application/json-patch+json")
    assert answer.status == 422


def test_writes_have_a_rate_and_records_a_size(instance: Instance) -> None:
    def flap() -> tuple[list[int], int, int]:
        recorder = instance.begin()
        recorder.begin()
        path = f"/api/v1/namespaces/{instance.estate.namespace}/configmaps/flagd-config"
        patches = [{"data": {"big": str(number) + "x" * 900_000}} for number in range(60)]
        statuses = [sent(instance, "PATCH", path, patch, MERGE).status for patch in patches]
        record = recorder.end({"command": "x"})
        changes = sum(len(change.model_dump_json()) for change in record.changes)
        instance.estate.advance(MINUTE_MS)
        later = sent(instance, "PATCH", path, patches[0], MERGE).status
        return statuses, changes, later

    statuses, changes, later = branch(flap)
    assert set(statuses) == {200, 429}
    assert changes < 2_000_000
    assert later == 200


def test_reads_are_listed_up_to_a_number_and_all_are_noticed(instance: Instance) -> None:
    def read() -> tuple[int, list[str]]:
        recorder = instance.begin()
        recorder.begin()
        nothing = Request("GET", "/" + "a" * 100_000)
        for _ in range(6_000):
            instance.answered("kubernetes:6443", nothing, Response(404))
        path = f"/api/v1/namespaces/{instance.estate.namespace}/events"
        request = Request("GET", path)
        answer = instance.handlers["kubernetes:6443"].handle(request)
        assert isinstance(answer, Response)
        instance.answered("kubernetes:6443", request, answer)
        record = recorder.end({"command": "x"})
        return len(record.model_dump_json()), record.facts_returned

    size, facts = branch(read)
    assert size < 30_000_000
    assert facts == ["scaled-down"]


def test_a_service_with_an_unnamed_port_comes_to_rest(instance: Instance) -> None:
    """``kubectl expose`` makes one; its slice was once deleted and made again forty times a second."""

    def expose() -> int:
        namespace = instance.estate.namespace
        selector = instance.estate.operator.get("services", namespace, "frontend")["spec"][
            "selector"
        ]
        spec = {"selector": selector, "ports": [{"port": 80}]}
        document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": spec}
        assert (
            sent(instance, "POST", f"/api/v1/namespaces/{namespace}/services", document).status
            == 201
        )
        instance.estate.advance(MINUTE_MS)
        return sum(
            entry.topic == "kube.object" and f"{namespace}/EndpointSlice/x-" in entry.data["object"]
            for entry in instance.kernel.journal.entries
        )

    assert branch(expose) == 1
