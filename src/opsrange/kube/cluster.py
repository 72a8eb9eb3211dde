"""A cluster: store, API, controllers, scheduler and kubelets around one kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from opsrange.errors import AuthorError
from opsrange.kube.api import Api, Manner, Registry, Settings
from opsrange.kube.controllers import all_controllers
from opsrange.kube.controllers.autoscaler import autoscaler
from opsrange.kube.controllers.events import Recorder
from opsrange.kube.controllers.loop import Loop
from opsrange.kube.ipam import API_SERVICE_IP
from opsrange.kube.node.kubelet import Kubelet
from opsrange.kube.node.worker import NodeServices
from opsrange.kube.runtime import ContainerRuntime, LogSource
from opsrange.kube.store import Deletion, Store
from opsrange.kube.view import StoreView, condition, kind_by_name
from opsrange.kube.writer import Writer, kind_of
from opsrange.types import MINUTE_MS, SECOND_MS, Json
from opsrange.wire import Handler
from opsrange.world.kernel import Kernel

_FIRST = ("Namespace", "Node", "ServiceAccount", "ConfigMap", "Secret", "Service")
"""What others refer to is applied before them, as Helm orders an installation."""
_API_LABELS = {"component": "apiserver", "provider": "kubernetes"}
_API_SERVICE: tuple[Json, ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": _API_LABELS},
        "spec": {
            "clusterIP": API_SERVICE_IP,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "subsets": [
            {
                "addresses": [{"ip": "172.18.0.254"}],
                "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
            }
        ],
    },
)
"""How pods reach the API server; it makes both itself."""
_SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Cluster:
    """One Kubernetes cluster.

    Args:
        kernel: clock, timers, random streams, journal.
        runtime: answers for images and processes.
        logs: what containers wrote.
    """

    def __init__(self, kernel: Kernel, runtime: ContainerRuntime, logs: LogSource) -> None:
        self.kernel = kernel
        self.runtime = runtime
        self.logs = logs
        self.store = Store(kernel)
        self.view = StoreView(self.store)
        self.writer = Writer(self.store)
        self._registry = Registry(self.store)
        self.recorder = Recorder(kernel, self.store)
        controllers = [*all_controllers(), autoscaler(runtime)]
        self._loop = Loop(kernel, self.writer, self.recorder, controllers)
        self._kubelet = Kubelet(NodeServices(kernel, self.writer, self.recorder, runtime))

    @cached_property
    def handler(self) -> Handler:
        """The Kubernetes API; what it does is attributed to ``agent``."""
        settings = Settings(logs=self.logs, usage=self.runtime.usage)
        return Api(self._registry, settings)

    def start(self) -> None:
        """Create the system namespaces if they do not exist, and let controllers and kubelets run."""
        self._loop.start()
        self._kubelet.start()
        for name in _SYSTEM_NAMESPACES:
            if self.view.get("Namespace", "", name) is None:
                document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                self.apply(document, actor="kube-apiserver")
        for document in _API_SERVICE:
            self.apply(document, actor="kube-apiserver")

    def apply(self, manifest: Json, *, actor: str = "operator") -> Json:
        """Create an object, or bring an existing one to the manifest's spec, labels and annotations.

        Args:
            manifest: fields of an existing object that it does not mention at the top level stay.
            actor: to whom the change is attributed.

        Raises:
            ApiError: with the API server's refusal.
            AuthorError: for a kind that is not served.
        """
        kind, metadata = kind_of(manifest), manifest["metadata"]
        namespace = metadata.get("namespace", "default") if kind.namespaced else ""
        with self.kernel.acting(actor):
            old = self.store.find(kind, namespace, metadata["name"])
            if old is None:
                if kind.namespaced:
                    manifest = {**manifest, "metadata": {**metadata, "namespace": namespace}}
                return self._registry.create(kind, manifest, Manner(validation="Strict"))
            had = old["metadata"]
            merged = {
                **had,
                "labels": {**had.get("labels", {}), **metadata.get("labels", {})},
                "annotations": {**had.get("annotations", {}), **metadata.get("annotations", {})},
            }
            merged = {name: value for name, value in merged.items() if value != {}}
            if kind.kind == "Service" and old["spec"].get("clusterIP"):
                kept = {"clusterIP": old["spec"]["clusterIP"]}
                manifest = {**manifest, "spec": {**kept, **manifest["spec"]}}
            merged["resourceVersion"] = metadata.get("resourceVersion", "")
            fresh = {**old, **manifest, "metadata": merged}
            return self._registry.replace(kind, namespace, fresh, Manner(validation="Strict"))

    def apply_all(self, manifests: Iterable[Json], *, actor: str = "operator") -> None:
        """Apply manifests, what others refer to first.

        A namespace's default service account exists a moment after the namespace, so the clock moves by a second
        where namespaces were created.
        """
        documents = list(manifests)
        rank = {kind: index for index, kind in enumerate(_FIRST)}
        documents.sort(key=lambda item: rank.get(item["kind"], len(rank)))
        referred = [item for item in documents if item["kind"] in {"Namespace", "Node"}]
        for document in referred:
            self.apply(document, actor=actor)
        if referred:
            self.kernel.advance_to(self.kernel.now_ms + SECOND_MS)
        for document in documents:
            if document not in referred:
                self.apply(document, actor=actor)

    def delete(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        actor: str = "operator",
        how: Deletion | None = None,
    ) -> None:
        """Delete an object by kind name; harmless when there is none."""
        document = self.view.get(kind, namespace, name)
        if document is not None:
            with self.kernel.acting(actor):
                self.writer.delete(document, how)

    def set_status(self, document: Json, status: Json, *, actor: str) -> None:
        """Replace the status of an object, e.g. a node's."""
        with self.kernel.acting(actor):
            self.writer.set_status(document, status)

    def exited(self, pod_uid: str, container: str, exit_code: int, reason: str) -> None:
        """A container's process ended now.

        Args:
            pod_uid: of its pod.
            container: its name.
            exit_code: 137 for an OOM kill.
            reason: ``OOMKilled``, ``Error`` or ``Completed``.
        """
        self._kubelet.exited(pod_uid, container, exit_code, reason)

    @property
    def defects(self) -> Sequence[str]:
        """Reconciles that raised instead of answering; always empty unless this code is wrong."""
        return self._loop.defects

    def pods_running(self) -> Sequence[Json]:
        """Pods with at least one running container, by namespace and name."""
        return [
            pod
            for pod in self.view.list("Pod")
            if any(
                "running" in status.get("state", {})
                for status in pod.get("status", {}).get("containerStatuses", ())
            )
        ]

    def unsettled(self) -> list[str]:
        """``kind namespace/name`` of every workload that has not reached its goal."""
        found = []
        for kind, ready in _READY.items():
            for document in self.view.list(kind) if kind in kind_by_name() else ():
                if not ready(document):
                    metadata = document["metadata"]
                    found.append(f"{kind} {metadata.get('namespace', '')}/{metadata['name']}")
        return found

    def settle(self, *, within_ms: int = 10 * MINUTE_MS) -> None:
        """Advance virtual time until every workload is ready, and half a minute more.

        Raises:
            AuthorError: when that takes longer than ``within_ms``; the message names what is not ready.
        """
        deadline_ms = self.kernel.now_ms + within_ms
        self.kernel.advance_to(self.kernel.now_ms + 2 * SECOND_MS)
        while waiting := self.unsettled():
            if self.kernel.now_ms >= deadline_ms:
                raise AuthorError(
                    f"the cluster was given {within_ms // 1000} s to settle; not ready: {', '.join(waiting)}; "
                    "see the events of their pods"
                )
            self.kernel.advance_to(self.kernel.now_ms + SECOND_MS)
        self.kernel.advance_to(self.kernel.now_ms + 30 * SECOND_MS)


def _replicas_ready(document: Json) -> bool:
    status = document.get("status", {})
    wanted = document["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < document["metadata"].get("generation", 1):
        return False
    updated = status.get("updatedReplicas", 0)
    return bool(status.get("readyReplicas", 0) == wanted == status.get("replicas", 0) == updated)


def _everywhere(document: Json) -> bool:
    status = document.get("status", {})
    wanted = status.get("desiredNumberScheduled")
    return wanted is not None and bool(status.get("numberReady", 0) == wanted)


def _pod_settled(pod: Json) -> bool:
    if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
        return True
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


_READY: Mapping[str, Callable[[Json], bool]] = {
    "Deployment": _replicas_ready,
    "StatefulSet": _replicas_ready,
    "DaemonSet": _everywhere,
    "Pod": _pod_settled,
}
