"""A container runtime that does as it is told, and manifests to run on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from opsrange.kube.cluster import Cluster
from opsrange.kube.runtime import Probe, Pull, Start, Usage
from opsrange.types import Json, LogLine
from opsrange.world import Kernel

START_MS = 1_760_000_000_000


@dataclass
class Script:
    """Answers by image, changeable while the world runs."""

    missing: dict[str, str] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)
    probes: dict[str, Probe] = field(default_factory=dict)
    """By image and port: ``shop/cart:1 9999``."""
    usages: dict[str, Usage] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    probed: int = 0

    def pull(self, image: str) -> Pull:
        if image in self.missing:
            return Pull(found=False, message=self.missing[image], duration_ms=400)
        return Pull(found=True)

    def start(self, pod: Json, container: str) -> Start:
        inits = [item["name"] for item in pod["spec"].get("initContainers", ())]
        usual = Start(exits_after_ms=500) if container in inits else Start()
        return self.starts.get(_image(pod, container), usual)

    def stop(self, pod: Json, container: str) -> None:
        self.stopped.append(pod["metadata"]["name"])

    def probe(self, pod: Json, container: str, probe: Json) -> Probe:
        self.probed += 1
        port = probe.get("httpGet", {}).get("port", "")
        return self.probes.get(f"{_image(pod, container)} {port}", Probe(ok=True))

    def usage(self, pod: Json, container: str) -> Usage:
        return self.usages.get(_image(pod, container), Usage(10, 20_000_000))


class NoLogs:
    def lines(self, pod_uid: str, container: str, restart: int) -> Sequence[LogLine]:
        return ()


def _image(pod: Json, container: str) -> str:
    every = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    found: str = next(c["image"] for c in every if c["name"] == container)
    return found


def node(name: str, cpu: str = "4", memory: str = "8Gi") -> Json:
    capacity = {"cpu": cpu, "memory": memory}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {"capacity": capacity},
    }


def namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(name: str, replicas: int = 1, **container: object) -> Json:
    labels = {"app": name}
    one = {"name": name, "image": f"shop/{name}:1", **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [one]}},
        },
    }


def service(name: str, port: int = 80, target: int | str = 8080) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "selector": {"app": name},
            "ports": [{"name": "http", "port": port, "targetPort": target, "protocol": "TCP"}],
        },
    }


class World:
    """A three-node cluster with an empty namespace ``shop``."""

    def __init__(self, seed: str = "1", nodes: Sequence[Json] | None = None) -> None:
        self.kernel = Kernel(seed, START_MS)
        self.script = Script()
        self.cluster = Cluster(self.kernel, self.script, NoLogs())
        self.cluster.start()
        machines = [node(f"node-{index}") for index in range(3)] if nodes is None else nodes
        self.cluster.apply_all([*machines, namespace("shop")])

    def install(self, *manifests: Json) -> None:
        """Apply and settle."""
        self.cluster.apply_all(manifests)
        self.cluster.settle()

    def run(self, seconds: float) -> None:
        self.kernel.advance_to(self.kernel.now_ms + int(seconds * 1000))
        assert self.cluster.defects == []

    def get(self, kind: str, name: str) -> Json:
        found = self.cluster.view.get(kind, "shop", name)
        assert found is not None, f"{kind} {name}"
        return found

    def change(self, kind: str, name: str, **spec: object) -> None:
        """Set fields of a spec, as an operator."""
        old = self.get(kind, name)
        self.cluster.apply({**old, "spec": {**old["spec"], **spec}}, actor="operator")

    def change_container(self, name: str, **fields: object) -> None:
        """Set fields of the only container of a deployment."""
        old = self.get("Deployment", name)
        template = old["spec"]["template"]
        one = {**template["spec"]["containers"][0], **fields}
        spec = {**template["spec"], "containers": [one]}
        self.change("Deployment", name, template={**template, "spec": spec})

    def pods(self, app: str) -> list[Json]:
        return [
            pod
            for pod in self.cluster.view.list("Pod", "shop")
            if pod["metadata"]["labels"].get("app") == app
        ]

    def pod(self, app: str) -> Json:
        (found,) = self.pods(app)
        return found

    def events(self, name: str = "") -> list[str]:
        """``Type Reason Message`` of events in ``shop`` about objects whose name begins so."""
        return [
            f"{event['type']} {event['reason']} {event['message']}"
            for event in self.cluster.view.list("Event", "shop")
            if event["involvedObject"]["name"].startswith(name)
        ]

    def condition(self, kind: str, name: str, which: str) -> Json:
        found: Json = next(
            c for c in self.get(kind, name)["status"]["conditions"] if c["type"] == which
        )
        return found


def waiting(pod: Json) -> Json:
    found: Json = pod["status"]["containerStatuses"][0]["state"].get("waiting", {})
    return found
