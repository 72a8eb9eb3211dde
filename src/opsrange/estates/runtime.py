"""The container runtime of the estate: the application's processes, and the platform's, which just run."""

from __future__ import annotations

from opsrange.apps.application import Application
from opsrange.apps.ports import Instance
from opsrange.estates.network import EstateNetwork
from opsrange.estates.platform import PLATFORM_IMAGES
from opsrange.kube.runtime import Probe, Pull, Start, Usage
from opsrange.types import Json


class EstateRuntime:
    """Implements ``kube.runtime.ContainerRuntime``; the kubelet asks it.

    The network is created after the cluster, which needs this object, so it is bound afterwards.
    """

    def __init__(self) -> None:
        self.application: Application | None = None
        self.network: EstateNetwork | None = None

    def bind(self, application: Application, network: EstateNetwork) -> None:
        """Complete the construction."""
        self.application, self.network = application, network

    def pull(self, image: str) -> Pull:
        """Look an image up; the message is containerd's."""
        app, _ = self._bound()
        if image in PLATFORM_IMAGES or app.registry.find(image) is not None:
            return Pull(found=True)
        reference = _reference(image)
        return Pull(
            found=False,
            message=f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": {reference}: not found',
        )

    def start(self, pod: Json, container: str) -> Start:
        """A container's process begins."""
        app, network = self._bound()
        network.started(pod, container)
        instance = network.instance(pod, container)
        if instance is None:
            return Start()
        life = app.begin(instance)
        return Start(life.exits_after_ms, life.exit_code, life.message)

    def stop(self, pod: Json, container: str) -> None:
        """A container's process has ended."""
        app, network = self._bound()
        instance = network.instance(pod, container)
        if instance is not None:
            app.end(instance)

    def probe(self, pod: Json, container: str, probe: Json) -> Probe:
        """Ask what a probe asks."""
        app, network = self._bound()
        instance = network.instance(pod, container)
        if instance is None:
            return Probe(ok=True)
        return _ask(app, instance, pod, probe)

    def usage(self, pod: Json, container: str) -> Usage:
        """Present usage of a running container."""
        app, network = self._bound()
        instance = network.instance(pod, container)
        if instance is None:
            spec = next(item for item in pod["spec"]["containers"] if item["name"] == container)
            return Usage(*PLATFORM_IMAGES.get(spec["image"], (1, 1 << 24)))
        found = app.usage(instance)
        return Usage(found.cpu_millicores, found.memory_bytes)

    def _bound(self) -> tuple[Application, EstateNetwork]:
        assert self.application is not None
        assert self.network is not None
        return self.application, self.network


def _reference(image: str) -> str:
    """An image's full name as containerd completes it."""
    host, slash, _ = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif "." not in host and ":" not in host and host != "localhost":
        image = f"docker.io/{image}"
    tagged = ":" in image.rpartition("/")[2] or "@" in image
    return image if tagged else f"{image}:latest"


def _ask(app: Application, instance: Instance, pod: Json, probe: Json) -> Probe:
    """Put a probe's question to the process, and word a refusal as the kubelet does."""
    address = pod.get("status", {}).get("podIP", "")
    if "httpGet" in probe:
        handler = probe["httpGet"]
        port, path = _port(pod, instance.container, handler["port"]), handler.get("path", "/")
        health = app.probe(instance, port, path)
        if health.message == "connection refused":
            words = f'Get "http://{address}:{port}{path}": dial tcp {address}:{port}: connect: connection refused'
            return Probe(ok=False, message=words)
        return Probe(health.ok, health.message)
    if "grpc" in probe:
        port = int(probe["grpc"]["port"])
        health = app.probe(instance, port)
        words = f'timeout: failed to connect service "{address}:{port}" within 1s: context deadline exceeded'
        return Probe(health.ok, "" if health.ok else words)
    if "tcpSocket" in probe:
        port = _port(pod, instance.container, probe["tcpSocket"]["port"])
        health = app.probe(instance, port)
        return Probe(
            health.ok,
            "" if health.ok else f"dial tcp {address}:{port}: connect: connection refused",
        )
    return Probe(ok=True)


def _port(pod: Json, container: str, port: int | str) -> int:
    """A probe's port as a number; names refer to the container's declared ports."""
    if isinstance(port, int):
        return port
    spec = next(item for item in pod["spec"]["containers"] if item["name"] == container)
    named = {entry.get("name"): int(entry["containerPort"]) for entry in spec.get("ports", [])}
    return named.get(port, 0)
