"""One pod on its node, and what the parts of the kubelet share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from opsrange.kube.controllers.events import Recorder
from opsrange.kube.ipam import PodAddresses
from opsrange.kube.node.containers import Container, Phase
from opsrange.kube.node.pod_status import pod_status
from opsrange.kube.runtime import ContainerRuntime
from opsrange.kube.view import StoreView
from opsrange.kube.writer import Writer
from opsrange.types import Json
from opsrange.world.kernel import Kernel


@dataclass(slots=True)
class Node:
    """What one kubelet keeps for its machine."""

    name: str
    host_ip: str
    addresses: PodAddresses
    images: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Worker:
    """One pod on its node."""

    pod: Json
    """As last stored."""
    node: Node
    containers: list[Container]
    """Init containers first, in order."""
    pod_ip: str = ""
    stopping: bool = False
    gone: bool = False
    mount_attempts: int = 0

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return str(self.pod["metadata"]["uid"])

    @property
    def initialized(self) -> bool:
        """Whether every init container has succeeded."""
        return all(
            item.phase is Phase.TERMINATED and item.exit_code == 0
            for item in self.containers
            if item.init
        )

    def container(self, name: str) -> Container | None:
        """The container with a name."""
        return next((item for item in self.containers if item.name == name), None)


class NodeServices:
    """What every part of the kubelet uses: the clock, the store, events, the runtime."""

    def __init__(
        self, kernel: Kernel, writer: Writer, recorder: Recorder, runtime: ContainerRuntime
    ) -> None:
        self.kernel = kernel
        self.writer = writer
        self.view = StoreView(writer.store)
        self.runtime = runtime
        self._recorder = recorder

    def emit(
        self,
        worker: Worker,
        kind: str,
        reason: str,
        message: str,
        container: Container | None = None,
    ) -> None:
        """Record an event about a pod or one of its containers."""
        source = {"component": "kubelet", "host": worker.node.name}
        part = container.part if container else ""
        self._recorder.emit(worker.pod, kind, reason, message, source=source, part=part)

    def later(self, delay_ms: int, worker: Worker, action: Callable[[], None]) -> None:
        """Do something for a pod after a delay, as the kubelet, unless the pod is gone by then."""

        def act() -> None:
            if not worker.gone:
                with self.kernel.acting("kubelet"):
                    action()

        self.kernel.after(delay_ms, act)

    def report(self, worker: Worker) -> None:
        """Write the pod's status if it changed."""
        if worker.gone:
            return
        addresses = (worker.pod_ip, worker.node.host_ip)
        metadata = worker.pod["metadata"]
        stored = self.view.get("Pod", metadata["namespace"], metadata["name"])
        if stored is None or stored["metadata"]["uid"] != metadata["uid"]:
            return
        status = pod_status(stored, worker.containers, addresses, self.kernel.now_ms)
        worker.pod = self.writer.set_status(stored, status)
