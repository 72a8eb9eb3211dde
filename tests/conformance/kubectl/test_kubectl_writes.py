from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance.kubectl.api_server import Kubectl, serving
from tests.conformance.kubectl.conftest import Bench
from tests.kube_api.cluster import Cluster

from opsrange.kube.api import Rights
from opsrange.kube.store import Deletion
from opsrange.types import Json, rfc3339

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: shop, labels: {a: b}}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: admin, port: 81}]}
"""


def deployment(bench: Bench, name: str = "web") -> Json:
    return bench.cluster.store.get(bench.cluster.kind("deployments", "apps"), "shop", name)


def container(bench: Bench) -> Json:
    found: Json = deployment(bench)["spec"]["template"]["spec"]["containers"][0]
    return found


def test_apply_creates_then_merges_what_the_manifest_owns(bench: Bench) -> None:
    assert bench.kubectl("apply", "-f", "-", stdin=SERVICE) == "service/svc created\n"
    assert bench.kubectl("apply", "-f", "-", stdin=SERVICE) == "service/svc unchanged\n"
    bench.kubectl("label", "svc", "svc", "mine=yes")
    changed = SERVICE.replace("port: 81", "port: 82").replace("{a: b}", "{}")
    assert bench.kubectl("apply", "-f", "-", stdin=changed) == "service/svc configured\n"
    stored = bench.cluster.store.get(bench.cluster.kind("services"), "shop", "svc")
    assert [port["port"] for port in stored["spec"]["ports"]] == [80, 82]
    assert stored["metadata"]["labels"] == {"mine": "yes"}


def test_unknown_fields_are_refused_strictly(bench: Bench) -> None:
    broken = SERVICE.replace("selector", "selektor")
    refused = bench.kubectl.refusal("create", "-f", "-", stdin=broken)
    assert 'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.selektor"' in refused  # fmt: skip
    warned = bench.kubectl.run("create", "-f", "-", "--validate=warn", stdin=broken)
    assert 'Warning: unknown field "spec.selektor"' in warned.stderr
    assert warned.stdout == "service/svc created\n"


def test_generators_create_objects(bench: Bench) -> None:
    run = bench.kubectl
    assert run("create", "deployment", "d", "--image=x:1", "--replicas=3", "--port=80") == "deployment.apps/d created\n"  # fmt: skip
    made = deployment(bench, "d")["spec"]
    assert made["replicas"] == 3
    assert made["template"]["spec"]["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP"}
    ]
    assert run("create", "configmap", "c", "--from-literal=a=b") == "configmap/c created\n"
    assert run("get", "cm", "c", "-o", "jsonpath={.data.a}") == "b"
    run("create", "secret", "generic", "s", "--from-literal=a=b")
    assert run("get", "secret", "s", "-o", "jsonpath={.data.a}") == "Yg=="
    assert run("create", "namespace", "n") == "namespace/n created\n"
    assert run("create", "job", "j", "--image=x", "--", "true") == "job.batch/j created\n"
    assert run("create", "quota", "q", "--hard=pods=50") == "resourcequota/q created\n"
    run("create", "ingress", "i", "--rule=a.b/c*=web:80")
    path = "-o", "jsonpath={.spec.rules[0].http.paths[0].backend.service.port.number}"
    assert run("get", "ingress", "i", *path) == "80"
    run("autoscale", "deploy", "web", "--min=1", "--max=4", "--cpu=50%")
    path = "-o", "jsonpath={.spec.metrics[0].resource.target.averageUtilization}"
    assert run("get", "hpa", "web", *path) == "50"
    assert run("run", "r", "--image=x:1") == "pod/r created\n"
    assert run("expose", "deploy", "web", "--port=80") == "service/web exposed\n"
    assert "already exists" in run.refusal("create", "namespace", "n")


def test_dry_run_changes_nothing(bench: Bench) -> None:
    digest = bench.cluster.kernel.journal.digest
    run = bench.kubectl
    assert "uid:" in run("run", "r", "--image=x:1", "--dry-run=server", "-o", "yaml")
    assert "server dry run" in run("scale", "deploy/web", "--replicas=9", "--dry-run=server")
    assert "server dry run" in run("delete", "deploy", "web", "--dry-run=server")
    run("apply", "-f", "-", "--dry-run=server", stdin=SERVICE)
    assert bench.cluster.kernel.journal.digest == digest


@pytest.mark.parametrize(
    ("language", "patch"),
    [
        ("strategic", {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "web:2"}]}}}}),
        ("merge", {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "web:2"}]}}}}),
        ("json", [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:2"}]),
    ],
)  # fmt: skip
def test_each_patch_language(bench: Bench, language: str, patch: Any) -> None:
    bench.kubectl("patch", "deploy", "web", f"--type={language}", "-p", json.dumps(patch))
    assert container(bench)["image"] == "web:2"
    assert deployment(bench)["metadata"]["generation"] == 2


def test_edit_and_replace(bench: Bench) -> None:
    bench.kubectl("apply", "-f", "-", stdin=SERVICE)
    bench.kubectl("edit", "svc", "svc", KUBE_EDITOR="sed -i 's/port: 81/port: 83/'")
    stored = json.loads(bench.kubectl("get", "svc", "svc", "-o", "json"))
    assert [port["port"] for port in stored["spec"]["ports"]] == [80, 83]
    stored["spec"]["ports"].pop()
    bench.kubectl("replace", "-f", "-", stdin=json.dumps(stored))
    assert "the object has been modified" in bench.kubectl.refusal("replace", "-f", "-", stdin=json.dumps(stored | {"metadata": stored["metadata"] | {"labels": {"x": "y"}}}))  # fmt: skip


def test_set_image_env_and_resources(bench: Bench) -> None:
    bench.kubectl("set", "image", "deploy/web", "main=web:3")
    bench.kubectl("set", "env", "deploy/web", "MODE=slow")
    bench.kubectl("set", "resources", "deploy/web", "--limits=memory=64Mi")
    found = container(bench)
    assert found["image"] == "web:3"
    assert found["env"] == [{"name": "MODE", "value": "slow"}]
    assert found["resources"]["limits"] == {"memory": "64Mi"}


def test_scale(bench: Bench) -> None:
    assert bench.kubectl("scale", "deploy/web", "--replicas=5") == "deployment.apps/web scaled\n"
    assert deployment(bench)["spec"]["replicas"] == 5
    bench.kubectl.refusal("scale", "deploy/web", "--current-replicas=2", "--replicas=1")
    assert deployment(bench)["spec"]["replicas"] == 5


def test_a_restart_is_stamped_with_virtual_time(bench: Bench) -> None:
    stamp = "kubectl.kubernetes.io/restartedAt"
    bench.kubectl("rollout", "restart", "deploy/web")
    template = deployment(bench)["spec"]["template"]
    assert template["metadata"]["annotations"][stamp] == "2026-03-02T10:01:30Z"
    bench.kubectl("rollout", "restart", "deploy/web")
    again = deployment(bench)["spec"]["template"]
    assert again["metadata"]["annotations"][stamp] == "2026-03-02T10:01:31Z"


def test_rollouts_pause_and_resume(bench: Bench) -> None:
    bench.kubectl("rollout", "pause", "deploy/web")
    assert deployment(bench)["spec"]["paused"] is True
    bench.kubectl("rollout", "resume", "deploy/web")
    assert not deployment(bench)["spec"].get("paused")
    assert "no rollout history found" in bench.kubectl.refusal("rollout", "undo", "deploy/web")


def test_label_and_annotate(bench: Bench) -> None:
    bench.kubectl("label", "pod", "p", "x=y")
    bench.kubectl("label", "pod", "p", "app-")
    bench.kubectl("annotate", "pod", "p", "note=hello world")
    metadata = bench.cluster.store.get(bench.cluster.kind("pods"), "shop", "p")["metadata"]
    assert metadata["labels"] == {"x": "y"}
    assert metadata["annotations"] == {"note": "hello world"}
    assert "is invalid" in bench.kubectl.refusal("patch", "pod", "p", "-p", '{"metadata":{"labels":{"x":"-"}}}')  # fmt: skip


def test_delete_and_its_waiting(bench: Bench) -> None:
    assert "deleted" in bench.kubectl("delete", "deploy", "web")
    cluster = bench.cluster
    pods = cluster.kind("pods")
    bench.kubectl("delete", "pod", "p", "--wait=false")
    assert cluster.store.get(pods, "shop", "p")["metadata"]["deletionGracePeriodSeconds"] == 30
    bench.kubectl("delete", "pod", "p", "--grace-period=0", "--force")
    assert cluster.store.find(pods, "shop", "p") is None
    cluster.pod("x1")
    cluster.pod("x2")
    bench.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
    assert cluster.store.list(pods) == []


def test_cordon_drain_and_uncordon(bench: Bench) -> None:
    cluster = bench.cluster
    nodes, pods = cluster.kind("nodes"), cluster.kind("pods")

    def kubelet() -> None:
        cluster.kernel.advance_to(cluster.kernel.now_ms + 1_000)
        for pod in cluster.store.list(pods):
            due = pod["metadata"].get("deletionTimestamp", "never")
            if due <= rfc3339(cluster.kernel.now_ms):
                cluster.store.delete(pods, "shop", pod["metadata"]["name"], Deletion(grace_s=0))

    bench.kubectl("cordon", "node-1")
    assert cluster.store.get(nodes, "", "node-1")["spec"]["unschedulable"] is True
    bench.server.on_idle = kubelet
    shown = bench.kubectl("drain", "node-1", "--force", "--ignore-daemonsets")
    assert "node/node-1 drained" in shown
    assert cluster.store.list(pods) == []
    bench.kubectl("uncordon", "node-1")
    assert not cluster.store.get(nodes, "", "node-1")["spec"].get("unschedulable")


def test_rights_are_explained_and_enforced(bench: Bench, tmp_path: Any) -> None:
    cluster = Cluster(rights=Rights())
    with serving(cluster.api) as (_, address):
        kubectl = Kubectl(tmp_path, address)
        assert kubectl("auth", "can-i", "delete", "pods") == "yes\n"
        assert kubectl.run("auth", "can-i", "delete", "nodes").stdout == "no\n"
        assert kubectl.run("auth", "can-i", "delete", "pods", "-n", "kube-system").stdout == "no\n"
        assert "oncall" in kubectl("auth", "whoami")
        assert "Resources" in kubectl("auth", "can-i", "--list")
        assert 'nodes "node-1" is forbidden: User "oncall" cannot delete resource "nodes" in API group "" at the cluster scope' in kubectl.refusal("delete", "node", "node-1")  # fmt: skip


def test_changes_are_attributed_to_the_agent(bench: Bench) -> None:
    bench.kubectl("scale", "deploy/web", "--replicas=5")
    entry = bench.cluster.kernel.journal.entries[-1]
    assert (entry.actor, entry.data["object"]) == ("agent", "shop/Deployment/web")
