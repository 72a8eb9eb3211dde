"""The API as a handler: one request in, one response or stream out.

Belongs here: dispatch, rights, totality, the ledger of what is not served. Does not: any verb's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from opsrange.kube.api.discovery import Discovery
from opsrange.kube.api.logs import read_log
from opsrange.kube.api.reads import Metrics, Reader, UsageOf, representation
from opsrange.kube.api.registry import Registry
from opsrange.kube.api.rights import Action, Rights
from opsrange.kube.api.routes import Kinds, Route, flag, kind_of, parse
from opsrange.kube.api.watch import HeldAnswer
from opsrange.kube.api.writes import Writer, body_of
from opsrange.kube.kind import Kind, all_kinds
from opsrange.kube.runtime import LogSource, Usage
from opsrange.kube.status_errors import ApiError, NoSuchPathError, method_not_allowed
from opsrange.types import Json, LogLine
from opsrange.wire import Request, Response, Stream

_UPGRADES = ("exec", "attach", "portforward", "proxy")
_REVIEWS = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    ("authentication.k8s.io", "selfsubjectreviews"): "SelfSubjectReview",
}


class NoLogs:
    """A log source without logs."""

    def lines(self, pod_uid: str, container: str, restart: int) -> list[LogLine]:
        """Nothing."""
        return []


def _idle(pod: Json, container: str) -> Usage:
    """A container that uses nothing."""
    return Usage(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one API serves, and to whom."""

    kinds: Kinds = field(default_factory=all_kinds)
    rights: Rights = field(default_factory=Rights)
    logs: LogSource = field(default_factory=NoLogs)
    usage: UsageOf = _idle
    actor: str = "agent"
    """To whom changes are attributed."""


class Api:
    """The Kubernetes API.

    Args:
        registry: the objects and the way to write them.
        settings: what is served, and to whom.

    Attributes:
        ledger: how often each thing was asked for that is not served.
    """

    def __init__(self, registry: Registry, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._store = registry.store
        self._kinds = self._settings.kinds
        self._reader = Reader(registry.store)
        self._writer = Writer(registry, self._kinds, self._reader)
        self._discovery = Discovery(self._kinds)
        self._cluster_scoped = [key for key, kind in self._kinds.items() if not kind.namespaced]
        self.ledger: Counter[str] = Counter()

    def handle(self, request: Request) -> Response | Stream:
        """Answer one request; never raises, never moves the clock."""
        try:
            with self._store.kernel.acting(self._settings.actor):
                return self._dispatch(request)
        except ApiError as error:
            if error.code in (404, 405, 406, 415, 501) and error.details.get("name") is None:
                self.ledger[f"{error.code} {request.method} {_shape(request.path)}"] += 1
            if isinstance(error, NoSuchPathError):
                return Response(404, f"{error.message}\n".encode(), "text/plain; charset=utf-8")
            return Response.json(error.status, error.code)
        except Exception as error:  # noqa: BLE001 - the handler is total: a defect must not end the attempt
            self.ledger[f"500 {type(error).__name__} {request.method} {_shape(request.path)}"] += 1
            message = "Internal error occurred: the request could not be processed"
            return Response.json(ApiError(500, "InternalError", message).status, 500)

    def _dispatch(self, request: Request) -> Response | Stream:
        route = parse(request.path)
        if route is None:
            if request.method not in ("GET", "HEAD"):
                raise NoSuchPathError() if request.method == "OPTIONS" else method_not_allowed()
            found = self._discovery.answer(request.path, request.headers.get("accept", ""))
            if found is None:
                raise NoSuchPathError
            return found
        if (route.group, route.plural) in _REVIEWS:
            return self._review(route, request)
        if route.group == "metrics.k8s.io":
            return self._metrics(route, request)
        kind = kind_of(route, self._kinds)
        if kind is None:
            raise NoSuchPathError
        self._settings.rights.require(_action(kind, route, request))
        if route.subresource:
            return self._subresource(kind, route, request)
        return self._resource(kind, route, request)

    def _resource(self, kind: Kind, route: Route, request: Request) -> Response | Stream:
        if route.name:
            match request.method:
                case "GET" if not flag(request, "watch"):
                    return self._get(kind, route, request)
                case "GET":
                    return self._reader.watch(kind, route, request)
                case "PUT":
                    return self._writer.replace(kind, route, request)
                case "PATCH":
                    return self._writer.patch(kind, route, request)
                case "DELETE":
                    return self._writer.delete(kind, route, request)
            raise method_not_allowed()
        match request.method:
            case "GET" if flag(request, "watch"):
                representation(request)
                return self._reader.watch(kind, route, request)
            case "GET":
                return self._reader.list(kind, route, request)
            case "POST" if route.namespace or not kind.namespaced:
                return self._writer.create(kind, route, request)
            case "DELETE" if route.namespace or not kind.namespaced:
                return self._writer.delete_collection(kind, route, request)
        raise method_not_allowed()

    def _get(self, kind: Kind, route: Route, request: Request) -> Response | Stream:
        command = request.headers.get("kubectl-command", "").strip().lower()
        if command == "kubectl drain" and kind.kind == "Pod":
            pod = self._store.get(kind, route.namespace, route.name)
            if "deletionTimestamp" in pod["metadata"]:
                return HeldAnswer(self._store, kind, pod)
        return self._reader.get(kind, route, request)

    def _subresource(self, kind: Kind, route: Route, request: Request) -> Response | Stream:
        name = route.subresource
        if name.partition("/")[0] in _UPGRADES and kind.plural in ("pods", "services", "nodes"):
            message = (
                f'{name.partition("/")[0]} is not supported on resources of kind "{kind.plural}"'
            )
            raise ApiError(405, "MethodNotAllowed", message)
        if name not in kind.subresources:
            raise NoSuchPathError
        served: dict[tuple[str, str], Callable[[Kind, Route, Request], Response | Stream]] = {
            ("status", "GET"): self._reader.get,
            ("status", "PUT"): self._writer.replace,
            ("status", "PATCH"): self._writer.patch,
            ("scale", "GET"): self._writer.scale,
            ("scale", "PUT"): self._writer.scale,
            ("scale", "PATCH"): self._writer.scale,
            ("eviction", "POST"): self._writer.evict,
            ("log", "GET"): self._log,
        }
        answer = served.get((name, request.method))
        if answer is None:
            raise method_not_allowed()
        return answer(kind, route, request)

    def _log(self, kind: Kind, route: Route, request: Request) -> Response | Stream:
        store = self._store
        pod = store.get(kind, route.namespace, route.name)
        return read_log(
            pod,
            request,
            self._settings.logs,
            store.kernel.now_ms,
            lambda: store.find(kind, route.namespace, route.name),
        )

    def _metrics(self, route: Route, request: Request) -> Response:
        if route.version != "v1beta1" or route.subresource:
            raise NoSuchPathError
        if request.method != "GET":
            raise method_not_allowed()
        pods, nodes = self._kinds.get(("", "pods")), self._kinds.get(("", "nodes"))
        if pods is None or nodes is None:
            raise NoSuchPathError
        return Metrics(self._store, pods, nodes, self._settings.usage).answer(route, request)

    def _review(self, route: Route, request: Request) -> Response:
        """Reviews are computed from rights and stored nowhere."""
        if route.version != "v1" or route.name or route.namespace:
            raise NoSuchPathError
        if request.method != "POST":
            raise method_not_allowed()
        rights, body = self._settings.rights, body_of(request)
        spec = body.get("spec") or {}
        if not isinstance(spec, dict):
            spec = {}
        name = _REVIEWS[route.group, route.plural]
        document: Json = {
            "kind": name,
            "apiVersion": f"{route.group}/{route.version}",
            "metadata": {"creationTimestamp": None},
        }
        if name == "SelfSubjectReview":
            groups = ["system:authenticated"]
            document["status"] = {"userInfo": {"username": rights.user, "groups": groups}}
        elif name == "SelfSubjectRulesReview":
            document |= {"spec": spec, "status": rights.review_rules(spec)}
        else:
            document |= {"spec": spec, "status": rights.review_access(spec, self._cluster_scoped)}
        return Response.json(document, 201)


def _action(kind: Kind, route: Route, request: Request) -> Action:
    """What a request wants, in the words of authorization."""
    verb = {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(request.method, "get")
    if request.method == "DELETE":
        verb = "delete" if route.name else "deletecollection"
    elif verb == "get" and flag(request, "watch"):
        verb = "watch"
    elif verb == "get" and not route.name:
        verb = "list"
    return Action(verb, kind.group, route.resource, route.namespace, route.name)


def _shape(path: str) -> str:
    """A path without the names in it, so that the ledger counts kinds of requests."""
    route = parse(path)
    if route is None:
        return "/" + "/".join([part for part in path.split("/") if part][:2])[:60]
    name = "/{name}" if route.name else ""
    sub = f"/{route.subresource.partition('/')[0]}" if route.subresource else ""
    return f"{route.group or 'core'}/{route.version}/{route.plural}{name}{sub}"[:120]
