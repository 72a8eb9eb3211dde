"""The kubelets of all nodes: they take pods bound to their node, set them up, and take them down.

Belongs here: a pod's life as a whole. Does not: images and processes (``launcher``), probes (``probes``), the words of
a status (``pod_status``).
"""

from __future__ import annotations

from functools import partial

from opsrange.kube.ipam import PodAddresses
from opsrange.kube.node.containers import Container, Phase
from opsrange.kube.node.launcher import Launcher
from opsrange.kube.node.references import missing_volumes
from opsrange.kube.node.worker import Node, NodeServices, Worker
from opsrange.kube.store import Change, Deletion
from opsrange.types import MINUTE_MS, SECOND_MS, Json

_NOTICE_MS = 60
"""From a binding to the kubelet's first step."""
_SANDBOX_MS = 700
"""From mounted volumes to a pod sandbox with a network."""
_STOP_MS = 1_500
"""How long a well-behaved process takes to stop."""
_MOUNT_FIRST_MS, _MOUNT_MAX_MS = 500, 2 * MINUTE_MS + 2 * SECOND_MS
"""The kubelet's back-off for volume operations: 500 ms, doubled up to 2 min 2 s."""


class Kubelet:
    """All kubelets of a cluster."""

    def __init__(self, services: NodeServices) -> None:
        self._services = services
        self._launcher = Launcher(services)
        self._nodes: dict[str, Node] = {}
        self._workers: dict[str, Worker] = {}

    def start(self) -> None:
        """Take every pod that is bound already, and follow changes from now on."""
        self._services.writer.store.subscribe(self._changed)
        for pod in self._services.view.list("Pod"):
            self._consider(pod)

    def exited(self, pod_uid: str, container: str, exit_code: int, reason: str) -> None:
        """A process ended of itself; harmless when it is not running any more."""
        worker = self._workers.get(pod_uid)
        found = worker.container(container) if worker else None
        if worker is None or found is None or worker.stopping:
            return
        with self._services.kernel.acting("kubelet"):
            self._launcher.ended(worker, found, exit_code, reason, "")

    def _node(self, name: str) -> Node:
        node = self._nodes.get(name)
        if node is None:
            document = self._services.view.get("Node", "", name) or {}
            index = len(self._nodes)
            cidr = document.get("spec", {}).get("podCIDR", f"10.244.{index}.0/24")
            addresses = document.get("status", {}).get("addresses", ())
            internal = (a["address"] for a in addresses if a["type"] == "InternalIP")
            node = Node(name, next(internal, f"172.18.0.{index + 2}"), PodAddresses(cidr))
            self._nodes[name] = node
        return node

    def _changed(self, change: Change) -> None:
        if change.kind.kind != "Pod" or change.kind.group:
            return
        if change.new is None:
            self._removed(change.last)
        else:
            self._consider(change.new)

    def _consider(self, pod: Json) -> None:
        uid, name = pod["metadata"]["uid"], pod["spec"].get("nodeName")
        worker = self._workers.get(uid)
        if worker is not None:
            images = {c["name"]: c for c in worker.pod["spec"]["containers"]}
            worker.pod = pod
            if "deletionTimestamp" in pod["metadata"]:
                self._stop(worker)
            else:
                self._replace_changed(worker, images)
            return
        if not name or pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return
        worker = Worker(pod, self._node(name), _containers(pod))
        self._workers[uid] = worker
        if "deletionTimestamp" in pod["metadata"]:
            self._stop(worker)
            return
        self._services.later(_NOTICE_MS, worker, lambda: self._set_up(worker))

    def _replace_changed(self, worker: Worker, before: dict[str, Json]) -> None:
        """The image of a running pod's container was changed in place."""
        for spec in worker.pod["spec"]["containers"]:
            container = worker.container(spec["name"])
            old = before.get(spec["name"])
            if container is None or old is None or old["image"] == spec["image"]:
                continue
            container.spec = spec
            if container.phase is Phase.RUNNING:
                words = f"Container {container.name} definition changed, will be restarted"
                kill = partial(self._launcher.kill, worker, container, words)
                self._services.later(SECOND_MS, worker, kill)

    def _set_up(self, worker: Worker) -> None:
        """Mount volumes; then give the pod its network and start containers."""
        if worker.stopping:
            return
        services = self._services
        if not worker.mount_attempts:
            services.report(worker)
        if missing := missing_volumes(services.view, worker.pod):
            for volume, words in missing:
                message = f'MountVolume.SetUp failed for volume "{volume}" : {words}'
                services.emit(worker, "Warning", "FailedMount", message)
            delay_ms = min(_MOUNT_FIRST_MS << min(worker.mount_attempts, 12), _MOUNT_MAX_MS)
            worker.mount_attempts += 1
            services.later(delay_ms, worker, lambda: self._set_up(worker))
            return
        services.later(_SANDBOX_MS, worker, lambda: self._connect(worker))

    def _connect(self, worker: Worker) -> None:
        if worker.stopping:
            return
        host_network = worker.pod["spec"].get("hostNetwork")
        node = worker.node
        worker.pod_ip = node.host_ip if host_network else node.addresses.assign(worker.uid)
        self._launcher.advance(worker)

    def _stop(self, worker: Worker) -> None:
        """Begin to take a pod down gracefully."""
        if worker.stopping:
            return
        worker.stopping = True
        running = [item for item in worker.containers if item.phase is Phase.RUNNING]
        with self._services.kernel.acting("kubelet"):
            for container in running:
                words = f"Stopping container {container.name}"
                self._services.emit(worker, "Normal", "Killing", words, container)
        grace_s = worker.pod["metadata"].get("deletionGracePeriodSeconds", 30)
        delay_ms = min(_STOP_MS, grace_s * SECOND_MS) if running else 200
        self._services.later(delay_ms, worker, lambda: self._take_down(worker))

    def _take_down(self, worker: Worker) -> None:
        """Processes have ended; report it, then let go of the object."""
        for container in worker.containers:
            if container.phase is Phase.RUNNING:
                self._launcher.ended(worker, container, 0, "Completed", "")
        how = Deletion(grace_s=0, uid=worker.uid)
        self._services.later(300, worker, lambda: self._services.writer.delete(worker.pod, how))

    def _removed(self, pod: Json) -> None:
        """The object is gone: so is everything it stood for."""
        worker = self._workers.pop(pod["metadata"]["uid"], None)
        if worker is None:
            return
        for container in worker.containers:
            if container.phase is Phase.RUNNING:
                container.end(137, "Error", "", self._services.kernel.now_ms)
                self._services.runtime.stop(pod, container.name)
        worker.gone = True
        worker.node.addresses.release(worker.uid)


def _containers(pod: Json) -> list[Container]:
    inits = [Container(spec, init=True) for spec in pod["spec"].get("initContainers", ())]
    mains = [Container(spec) for spec in pod["spec"]["containers"]]
    if inits:
        for item in [*inits, *mains]:
            item.wait("PodInitializing")
    return [*inits, *mains]
