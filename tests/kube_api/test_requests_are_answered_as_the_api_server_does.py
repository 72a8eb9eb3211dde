from __future__ import annotations

from typing import Any

import pytest
from tests.kube_api.cluster import START_MS, Cluster

from opsrange.kube.api import Rights, Rule
from opsrange.types import Json, LogLine
from opsrange.wire import Request, Response

PODS = "/api/v1/namespaces/shop/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
REJECTED = "the server rejected our request due to an error in our request"
UNREAD = "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}"
MERGE = {"content-type": "application/merge-patch+json"}


def configmap(name: str = "c", **more: Any) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def test_an_object_lives_through_create_read_replace_and_delete(cluster: Cluster) -> None:
    maps = "/api/v1/namespaces/shop/configmaps"
    code, made = cluster.call("POST", maps, configmap(data={"a": "1"}))
    assert (code, made["metadata"]["namespace"]) == (201, "shop")
    assert cluster.call("GET", f"{maps}/c") == (200, made)
    code, changed = cluster.call("PUT", f"{maps}/c", {**made, "data": {"a": "2"}})
    assert (code, changed["data"]) == (200, {"a": "2"})
    code, said = cluster.call("PUT", f"{maps}/c", {**made, "data": {"a": "3"}})
    assert (code, said["reason"]) == (409, "Conflict")
    code, said = cluster.call("DELETE", f"{maps}/c")
    assert (code, said["status"], said["details"]["name"]) == (200, "Success", "c")
    code, said = cluster.call("GET", f"{maps}/c")
    assert said == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'configmaps "c" not found',
        "reason": "NotFound",
        "details": {"name": "c", "kind": "configmaps"},
        "code": 404,
    }


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"apiVersion": "v1"}, 400, "Object 'Kind' is missing"),
        (configmap() | {"kind": "Pod"}, 400, "cannot be handled as a ConfigMap"),
        (configmap("UPPER"), 422, 'ConfigMap "UPPER" is invalid: metadata.name: Invalid value: "UPPER"'),
        (configmap(""), 422, "name or generateName is required"),
        (configmap(data=3), 400, "json: cannot unmarshal number into Go struct field"),
        (configmap() | {"metadata": {"name": "c", "namespace": "other"}}, 400, "does not match the namespace sent"),
        (configmap() | {"metadata": {"name": "c", "labels": {"a": "b c"}}}, 422, "metadata.labels: Invalid value"),
    ],
)  # fmt: skip
def test_bad_objects_are_refused(cluster: Cluster, body: Json, code: int, words: str) -> None:
    answer = cluster.call("POST", "/api/v1/namespaces/shop/configmaps", body)
    assert answer[0] == code
    assert words in answer[1]["message"]


def test_nulls_are_absent_and_unknown_fields_dropped_with_a_warning(cluster: Cluster) -> None:
    body = configmap(data={"a": "1"}, binaryData=None, foo={"bar": 1})
    answer = cluster.send("POST", "/api/v1/namespaces/shop/configmaps", body)
    assert isinstance(answer, Response)
    assert answer.headers["Warning"] == '299 - "unknown field \\"foo\\""'
    _, stored = cluster.call("GET", "/api/v1/namespaces/shop/configmaps/c")
    assert stored.keys() == {"apiVersion", "kind", "metadata", "data"}


def test_status_is_written_through_its_own_door_alone(cluster: Cluster) -> None:
    cluster.deployment("web")
    both: Json = {"spec": {"paused": True}, "status": {"replicas": 7}}
    _, main = cluster.call("PATCH", f"{DEPLOYMENTS}/web", both, MERGE)
    assert main["spec"]["paused"] is True
    assert main["status"].get("replicas") != 7
    both["spec"]["paused"] = False
    _, status = cluster.call("PATCH", f"{DEPLOYMENTS}/web/status", both, MERGE)
    assert status["spec"]["paused"] is True
    assert status["status"]["replicas"] == 7


def test_scale_reads_and_writes_replicas(cluster: Cluster) -> None:
    cluster.deployment("web", replicas=2)
    _, scale = cluster.call("GET", f"{DEPLOYMENTS}/web/scale")
    assert (scale["spec"], scale["status"]["selector"]) == ({"replicas": 2}, "app=web")
    scale["spec"]["replicas"] = 4
    assert cluster.call("PUT", f"{DEPLOYMENTS}/web/scale", scale)[1]["spec"] == {"replicas": 4}
    code, _ = cluster.call("PUT", f"{DEPLOYMENTS}/web/scale", scale | {"spec": {"replicas": 9}})
    assert code == 409
    code, _ = cluster.call("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -1}}, MERGE)
    assert code == 422


def test_a_collection_is_deleted_by_selector(cluster: Cluster) -> None:
    for name in "abc":
        cluster.pod(name, phase="Succeeded", labels={"name": name})
    code, deleted = cluster.call("DELETE", PODS, labelSelector="name in (a,b)")
    assert (code, len(deleted["items"])) == (200, 2)
    assert [pod["metadata"]["name"] for pod in cluster.store.list(cluster.kind("pods"))] == ["c"]


def test_a_disruption_budget_protects_a_pod_from_eviction(cluster: Cluster) -> None:
    cluster.pod("a")
    selector = {"matchLabels": {"app": "web"}}
    document = {
        "metadata": {"name": "b", "namespace": "shop"},
        "spec": {"selector": selector, "minAvailable": 1},
    }
    cluster.create("poddisruptionbudgets", document, "policy")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    code, said = cluster.call("POST", f"{PODS}/a/eviction", eviction)
    assert (code, said["message"]) == (
        429,
        "Cannot evict pod as it would violate the pod's disruption budget.",
    )
    kind = cluster.kind("poddisruptionbudgets", "policy")
    budget = cluster.store.get(kind, "shop", "b")
    cluster.store.update(kind, {**budget, "status": {"disruptionsAllowed": 1}})
    assert cluster.call("POST", f"{PODS}/a/eviction", eviction)[0] == 201
    assert "deletionTimestamp" in cluster.store.get(cluster.kind("pods"), "shop", "a")["metadata"]


def test_lists_leave_out_what_the_list_says_once(cluster: Cluster) -> None:
    cluster.pod("a")
    _, found = cluster.call("GET", PODS)
    assert (found["kind"], found["apiVersion"]) == ("PodList", "v1")
    assert found["items"][0].keys() == {"metadata", "spec", "status"}
    partial = {"accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    _, found = cluster.call("GET", PODS, headers=partial)
    assert found["items"][0].keys() == {"kind", "apiVersion", "metadata"}
    assert cluster.call("GET", PODS, headers={"accept": "application/xml"})[0] == 406


def test_rights_are_enforced_in_the_servers_words() -> None:
    cluster = Cluster(rights=Rights("ann", (Rule(allow=True, verbs=("get",)),)))
    cluster.pod("a")
    code, said = cluster.call("DELETE", f"{PODS}/a")
    assert (code, said["message"]) == (
        403,
        'pods "a" is forbidden: User "ann" cannot delete resource "pods" in API group "" in the namespace "shop"',
    )
    code, said = cluster.call("GET", "/apis/apps/v1/deployments")
    assert said["message"] == (
        'deployments.apps is forbidden: User "ann" cannot list resource "deployments" in API group "apps" '
        "at the cluster scope"
    )


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/api/v1/pods", 405),
        ("POST", f"{PODS}/a/exec", 405),
        ("GET", f"{PODS}/a/attach", 405),
        ("BREW", PODS, 405),
    ],
)
def test_what_is_not_served_is_refused_and_counted(
    cluster: Cluster, method: str, path: str, code: int
) -> None:
    answer, said = cluster.call(method, path)
    assert (answer, said["kind"], said["code"]) == (code, "Status", code)
    assert sum(cluster.api.ledger.values()) == 1


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v2/pods", "/apis/none.io/v1/things", f"{PODS}/a/nonsense"]
)
def test_an_unknown_path_is_refused_in_plain_text_and_counted(cluster: Cluster, path: str) -> None:
    assert cluster.call("GET", path) == (404, "404 page not found\n")
    assert sum(cluster.api.ledger.values()) == 1


@pytest.mark.parametrize(
    ("media", "patch", "code", "words"),
    [
        ("json-patch", [{"op": "remove", "path": "/spec/nope"}], 422, REJECTED),
        ("json-patch", [{"op": "test", "path": "/spec/replicas", "value": 9}], 422, REJECTED),
        ("strategic-merge-patch", "nonsense", 400, UNREAD),
        ("merge-patch", "nonsense", 400, UNREAD),
    ],
)
def test_a_patch_that_cannot_be_applied_is_refused(
    cluster: Cluster, media: str, patch: Any, code: int, words: str
) -> None:
    cluster.deployment("web")
    headers = {"content-type": f"application/{media}+json"}
    answer, said = cluster.call("PATCH", f"{DEPLOYMENTS}/web", patch, headers)
    assert (answer, said["message"]) == (code, words)


def test_a_missing_object_is_no_gap_in_fidelity(cluster: Cluster) -> None:
    assert cluster.call("GET", f"{PODS}/a")[0] == 404
    assert not cluster.api.ledger


def test_only_kubectls_own_ages_are_shifted_to_its_clock(cluster: Cluster) -> None:
    about = {"kind": "Pod", "name": "a", "namespace": "shop"}
    stamp = "2026-03-02T09:59:00Z"
    document = {
        "metadata": {"name": "e", "namespace": "shop"},
        "involvedObject": about,
        "lastTimestamp": stamp,
    }
    cluster.create("events", document)

    def last(command: str) -> str:
        headers = {"kubectl-command": command}
        asked = Request("GET", "/api/v1/events", {}, headers, wall_ms=START_MS + 3_600_000)
        answer = cluster.api.handle(asked)
        assert isinstance(answer, Response)
        return "10:59:00" if b"2026-03-02T10:59:00Z" in answer.body else "09:59:00"

    assert last("kubectl get") == last("") == "09:59:00"
    assert last("kubectl describe") == last("Kubectl Events") == "10:59:00"


def waiting(cluster: Cluster, reason: str, **last: Any) -> None:
    kind = cluster.kind("pods")
    pod = cluster.store.get(kind, "shop", "a")
    found = {
        "name": "main",
        "restartCount": 2,
        "state": {"waiting": {"reason": reason}},
        "lastState": last,
    }
    cluster.store.update(kind, {**pod, "status": {**pod["status"], "containerStatuses": [found]}})


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ContainerCreating", "ContainerCreating"),
        ("ImagePullBackOff", "trying and failing to pull image"),
        ("ErrImagePull", "image can't be pulled"),
        ("CreateContainerConfigError", "CreateContainerConfigError"),
    ],
)
def test_a_waiting_container_has_no_log(cluster: Cluster, reason: str, words: str) -> None:
    cluster.pod("a")
    waiting(cluster, reason)
    code, said = cluster.call("GET", f"{PODS}/a/log")
    assert code == 400
    assert said["message"] == f'container "main" in pod "a" is waiting to start: {words}'


def test_a_crashed_containers_log_is_that_of_its_last_run(cluster: Cluster) -> None:
    cluster.pod("a")
    waiting(cluster, "CrashLoopBackOff", terminated={"exitCode": 1})
    cluster.logs.kept["main", 2] = [LogLine(START_MS, "dying")]
    assert cluster.call("GET", f"{PODS}/a/log") == (200, "dying\n")
    assert cluster.call("GET", f"{PODS}/a/log", previous="true") == (200, "dying\n")


def test_a_name_is_needed_among_several_containers(cluster: Cluster) -> None:
    made = cluster.pod("a")
    kind = cluster.kind("pods")
    more = [*made["spec"]["containers"], {"name": "side", "image": "side:1"}]
    cluster.store.update(kind, {**made, "spec": {**made["spec"], "containers": more}})
    code, said = cluster.call("GET", f"{PODS}/a/log")
    assert code == 400
    assert (
        said["message"]
        == "a container name must be specified for pod a, choose one of: [main side]"
    )


def test_protobuf_with_fields_unknown_to_us_is_refused_not_dropped(cluster: Cluster) -> None:
    envelope = b"k8s\x00\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12"
    headers = {"content-type": "application/vnd.kubernetes.protobuf"}

    def send(content: bytes) -> tuple[int, bytes]:
        body = envelope + bytes([len(content)]) + content
        path = "/api/v1/namespaces/shop/configmaps"
        answer = cluster.api.handle(Request("POST", path, {}, headers, body))
        assert isinstance(answer, Response)
        return answer.status, answer.body

    assert send(b"\x0a\x03\x0a\x01c\x9a\x06\x01x")[0] == 415
    code, body = send(b"\x0a\x03\x0a\x01c\x12\x06\x0a\x01a\x12\x01b")
    assert code == 201
    assert b'"data":{"a":"b"}' in body
