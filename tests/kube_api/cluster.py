"""A cluster without controllers, for tests of the API alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opsrange.kube.api import Api, Registry, Rights, Rule, Settings
from opsrange.kube.kind import Kind, all_kinds
from opsrange.kube.runtime import Usage
from opsrange.kube.store import Store
from opsrange.types import Json, LogLine, parse_rfc3339
from opsrange.wire import Request, Response, Stream
from opsrange.world.kernel import Kernel

START_MS = parse_rfc3339("2026-03-02T10:00:00Z")
EVERYTHING = Rights("oncall", (Rule(allow=True),))
POD_SPEC: Json = {"containers": [{"name": "main", "image": "web:1"}]}


class Logs:
    """Log lines by (container, restart)."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], list[LogLine]] = {}

    def lines(self, pod_uid: str, container: str, restart: int) -> Sequence[LogLine]:
        return self.kept.get((container, restart), [])


class Cluster:
    """A kernel, a store, an API, and a node with two namespaces."""

    def __init__(self, *, rights: Rights = EVERYTHING, window: int = 4_096) -> None:
        self.kernel = Kernel("test", START_MS)
        self.store = Store(self.kernel, window=window)
        self.registry = Registry(self.store)
        self.logs = Logs()
        self.api = Api(
            self.registry,
            Settings(rights=rights, logs=self.logs, usage=lambda _, __: Usage(12, 34 << 20)),
        )
        for name in ("default", "shop"):
            self.create("namespaces", {"metadata": {"name": name}})
        if ("", "serviceaccounts") in all_kinds():
            for name in ("default", "shop"):
                account = {"metadata": {"name": "default", "namespace": name}}
                self.create("serviceaccounts", account)
        self.create("nodes", {"metadata": {"name": "node-1"}})

    @staticmethod
    def kind(plural: str, group: str = "") -> Kind:
        return all_kinds()[group, plural]

    def create(self, plural: str, document: Json, group: str = "") -> Json:
        kind = self.kind(plural, group)
        named = {"apiVersion": kind.api_version, "kind": kind.kind, **document}
        return self.registry.create(kind, named)

    def pod(self, name: str, *, node: str = "node-1", phase: str = "Running", **more: Any) -> Json:
        """A pod of namespace ``shop`` as the kubelet would report it, past admission."""
        kind = self.kind("pods")
        document: Json = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web"}, **more},
            "spec": {**POD_SPEC, "nodeName": node} if node else {**POD_SPEC},
        }
        kind.default(document)
        kind.on_create(document)
        made = self.store.create(kind, document)
        state = {"running": {"startedAt": "2026-03-02T10:00:00Z"}}
        status = {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": "main", "ready": True, "restartCount": 0, "state": state}
            ],
        }
        return self.store.update(kind, {**made, "status": status})

    def deployment(self, name: str, **spec: Any) -> Json:
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": POD_SPEC}
        document: Json = {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
        }
        return self.create("deployments", document, "apps")

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, list[str]] | None = None,
    ) -> Response | Stream:
        data = b"" if body is None else json.dumps(body).encode()
        return self.api.handle(Request(method, path, query or {}, headers or {}, data))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> tuple[int, Any]:
        """Status and parsed body of a plain answer."""
        asked = {name: [value] for name, value in query.items()}
        answer = self.send(method, path, body, headers, asked)
        assert isinstance(answer, Response)
        plain = answer.content_type.startswith("text/")
        return answer.status, answer.body.decode() if plain else json.loads(answer.body)

    def stream(self, path: str, **query: str) -> Stream:
        answer = self.send("GET", path, query={name: [value] for name, value in query.items()})
        assert not isinstance(answer, Response), answer.body
        return answer
