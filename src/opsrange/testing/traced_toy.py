"""The toy world with steps recorded after the trace contract, and just enough Kubernetes for kubectl to see one pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsrange.testing import toy_documents
from opsrange.testing.toy_world import ADDRESS, ToyWorld
from opsrange.trace import Step, WorldRequest
from opsrange.types import SECOND_MS, Json
from opsrange.wire import Handler, Request, Response, Stream

READY_AFTER_MS = 60 * SECOND_MS
_POD: Json = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "web", "namespace": "default", "resourceVersion": "1", "uid": "1"},
    "spec": {"containers": [{"name": "web", "image": "web"}]},
}
_STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not here"}
_VERBS = ["get", "list", "watch"]
_RESOURCES = [
    {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": _VERBS},
]


class TracedToy(ToyWorld):
    """A counter and a pod called ``web`` that becomes ready a virtual minute after the start."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._started_ms = self.kernel.now_ms
        self._born_ms = self.kernel.now_ms
        self._index = 0
        self._requests: list[WorldRequest] = []

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The counter's endpoint and the pod's."""
        return {ADDRESS: self, "kubernetes:6443": ToyCluster(self)}

    @property
    def ready(self) -> bool:
        """Whether the pod is."""
        return self.kernel.now_ms >= self._born_ms + READY_AFTER_MS

    def call(self, name: str, arguments: Json) -> Any:
        """``begin_step`` and ``end_step`` as an instance answers them; everything else as the toy does."""
        if name == "begin_step":
            self._requests = []
            self._started_ms = self.kernel.now_ms
            self.kernel.advance_to(self.kernel.now_ms + int(arguments.get("think_ms", 0)))
            return {"now_ms": self.kernel.now_ms}
        if name == "end_step":
            outcome = dict(arguments)
            self.kernel.advance_to(self.kernel.now_ms + int(outcome.pop("cost_ms", 0)))
            step = Step(
                index=self._index,
                started_ms=self._started_ms,
                ended_ms=self.kernel.now_ms,
                requests=self._requests,
                **outcome,
            )
            self._index += 1
            return step.model_dump(mode="json")
        match name:
            case "documents":
                return toy_documents.documents(arguments["arm"])
            case "facts_in":
                return toy_documents.facts_in(arguments["text"])
        return super().call(name, arguments)

    def answered(self, address: str, request: Request, response: Response) -> None:
        """Record the request."""
        self._requests.append(
            WorldRequest(
                address=address,
                method=request.method,
                path=request.path,
                query={name: list(values) for name, values in request.query.items()},
                status=response.status,
                bytes_out=len(response.body),
                client=request.headers.get("user-agent", ""),
            )
        )


class ToyCluster:
    """Discovery, and one pod that can be read and watched.

    Args:
        toy: says whether the pod is ready.
    """

    def __init__(self, toy: TracedToy) -> None:
        self.toy = toy

    def pod(self) -> Json:
        """The pod at the present instant."""
        status = "True" if self.toy.ready else "False"
        conditions = [{"type": "Ready", "status": status}]
        metadata = _POD["metadata"] | {"resourceVersion": "2" if self.toy.ready else "1"}
        return _POD | {
            "metadata": metadata,
            "status": {"phase": "Running", "conditions": conditions},
        }

    def handle(self, request: Request) -> Response | Stream:
        """Answer one request."""
        match request.path:
            case "/api":
                return Response.json({"kind": "APIVersions", "versions": ["v1"]})
            case "/apis":
                return Response.json({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
            case "/api/v1":
                return Response.json(
                    {"kind": "APIResourceList", "groupVersion": "v1", "resources": _RESOURCES}
                )
            case "/version":
                return Response.json({"major": "1", "minor": "33", "gitVersion": "v1.33.0"})
            case "/api/v1/namespaces/default/pods/web":
                return Response.json(self.pod())
            case "/api/v1/namespaces/default/pods":
                if request.one("sendInitialEvents"):
                    return Response.json(_STATUS | {"code": 422, "reason": "Invalid"}, 422)
                if request.one("watch") in {"1", "true"}:
                    return PodWatch(self)
                metadata = {"resourceVersion": "1"}
                items = [self.pod()]
                return Response.json(
                    {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}
                )
        return Response.json(_STATUS | {"code": 404, "reason": "NotFound"}, 404)


class PodWatch:
    """A watch that says once that the pod became ready.

    Args:
        cluster: whose pod.
    """

    status = 200
    content_type = "application/json"
    deadline_ms: int | None = None

    def __init__(self, cluster: ToyCluster) -> None:
        self._cluster = cluster
        self._said = cluster.toy.ready

    def take(self) -> list[bytes]:
        """The event, when it is due."""
        if self._said or not self._cluster.toy.ready:
            return []
        self._said = True
        return [Response.json({"type": "MODIFIED", "object": self._cluster.pod()}).body + b"\n"]

    @property
    def finished(self) -> bool:
        """Never by itself."""
        return False

    def close(self) -> None:
        """Nothing to undo."""


def build(scenario: str, seed: int) -> TracedToy:
    """A toy world of its own for each instance."""
    return TracedToy(f"{scenario}@{seed}")
