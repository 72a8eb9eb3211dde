"""The commands that wait for controllers, with the controllers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.kubectl.api_server import Kubectl, serving
from tests.kube_api.cluster import START_MS

from opsrange.kube.cluster import Cluster
from opsrange.kube.runtime import Probe, Pull, Start, Usage
from opsrange.types import Json, LogLine
from opsrange.world.kernel import Kernel


class Runtime:
    """Every image but ``bad`` exists, and every container runs for ever."""

    def pull(self, image: str) -> Pull:
        return Pull(not image.startswith("bad"), "not found")

    def start(self, pod: Json, container: str) -> Start:
        return Start()

    def stop(self, pod: Json, container: str) -> None:
        """Nothing to end."""

    def probe(self, pod: Json, container: str, probe: Json) -> Probe:
        return Probe(ok=True)

    def usage(self, pod: Json, container: str) -> Usage:
        return Usage(10, 1 << 20)

    def lines(self, pod_uid: str, container: str, restart: int) -> list[LogLine]:
        return []


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    runtime = Runtime()
    kernel = Kernel("rollout", START_MS)
    cluster = Cluster(kernel, runtime, runtime)
    cluster.start()
    capacity = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    for name in ("node-1", "node-2"):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        status = {"capacity": capacity, "allocatable": capacity, "conditions": [ready]}
        cluster.set_status(cluster.apply(node), status, actor="kubelet")
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    kernel.advance_to(kernel.now_ms + 5_000)

    def pass_time() -> None:
        kernel.advance_to(kernel.now_ms + 500)

    with serving(cluster.handler) as (server, address):
        server.on_idle = pass_time
        yield Kubectl(tmp_path, address)


def image(kubectl: Kubectl) -> str:
    return kubectl("get", "deploy", "web", "-o", "jsonpath={..image}")


def test_a_rollout_is_followed_undone_and_remembered(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1", "--replicas=2")
    done = kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    assert 'deployment "web" successfully rolled out' in done
    kubectl("set", "image", "deploy/web", "web=web:2")
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    history = kubectl("rollout", "history", "deploy/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
    assert "web:1" in kubectl("rollout", "history", "deploy/web", "--revision=1")
    kubectl("rollout", "undo", "deploy/web")
    assert image(kubectl) == "web:1"
    kubectl("rollout", "undo", "deploy/web", "--to-revision=2")
    assert image(kubectl) == "web:2"


def test_deleting_and_draining_wait_for_the_kubelet(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1", "--replicas=3")
    kubectl("wait", "deploy/web", "--for=condition=Available", "--timeout=20s")
    assert kubectl("delete", "pods", "-l", "app=web").count("deleted") == 3
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    assert "node/node-1 drained" in kubectl("drain", "node-1")
    nodes = kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}")
    assert "node-1" not in nodes.split()
    kubectl("delete", "deploy", "web", "--cascade=foreground", "--timeout=20s")
    assert "NotFound" in kubectl.refusal("get", "deploy", "web")
