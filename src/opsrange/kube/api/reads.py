"""Reading: get, list, watch, in the representation a client asks for; metrics; ages that kubectl computes by itself.

Belongs here: selection and representation. Does not: routing, rights, writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opsrange.kube.api.routes import Route, flag
from opsrange.kube.api.tables import partial, rows, table
from opsrange.kube.api.watch import Interest, WatchStream
from opsrange.kube.kind import Kind
from opsrange.kube.runtime import Usage
from opsrange.kube.selectors import LabelSelector, parse_fields
from opsrange.kube.status_errors import ApiError, bad_request, not_found
from opsrange.kube.store import Store
from opsrange.types import Json, parse_rfc3339, rfc3339, rfc3339_micro
from opsrange.wire import Request, Response

UsageOf = Callable[[Json, str], Usage]
"""(pod, container) to what the container uses now."""

_EVENT_TIMES = ("firstTimestamp", "lastTimestamp", "deprecatedFirstTimestamp", "deprecatedLastTimestamp")  # fmt: skip
_AGEING_COMMANDS = ("kubectl describe", "kubectl events")
_AGES = {"Pod": ("creationTimestamp", "deletionTimestamp"), "": ("deletionTimestamp",)}
"""Metadata that ``kubectl describe`` shows only as an age, by kind: of pods, in the description of their node."""
_METRICS_WINDOW_S = 15


def representation(request: Request) -> str:
    """``Table``, ``PartialObjectMetadata`` or empty for the object itself, by the ``Accept`` header.

    Raises:
        ApiError: 406 when nothing acceptable is served.
    """
    accept = request.headers.get("accept", "")
    for choice in accept.split(","):
        media, *parameters = (part.strip() for part in choice.split(";"))
        given = dict(part.partition("=")[::2] for part in parameters)
        if media not in ("application/json", "*/*", "application/*", ""):
            continue
        if "as" not in given:
            return ""
        if given.get("g") == "meta.k8s.io" and given.get("v") == "v1":
            if given["as"] == "Table":
                return "Table"
            if given["as"] in ("PartialObjectMetadata", "PartialObjectMetadataList"):
                return "PartialObjectMetadata"
    if not accept or "application/yaml" in accept:
        return ""
    raise ApiError(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/json;as=Table;g=meta.k8s.io;v=v1",
    )


class Reader:
    """Answers reads from the store.

    Args:
        store: the objects.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _now_ms(self) -> int:
        return self._store.kernel.now_ms

    def get(self, kind: Kind, route: Route, request: Request) -> Response:
        """One object."""
        document = self._store.get(kind, route.namespace, route.name)
        return self.answer(kind, document, request)

    def answer(self, kind: Kind, document: Json, request: Request, status: int = 200) -> Response:
        """One object in the representation asked for."""
        seen = _ages_for_kubectl(request, self._now_ms)(kind, document)
        match representation(request):
            case "Table":
                include = request.one("includeObject") or "Metadata"
                body = rows(kind, [seen], self._now_ms, include)
                return Response.json(table(kind, body, _version(document)), status)
            case "PartialObjectMetadata":
                return Response.json(partial(seen), status)
        return Response.json(seen, status)

    def select(self, kind: Kind, route: Route, request: Request) -> Callable[[Json], bool]:
        """The predicate of a request's selectors, and of the name in its path.

        Raises:
            ApiError: 400.
        """
        labels = LabelSelector.parse(request.one("labelSelector"))
        text = request.one("fieldSelector")
        if route.name:
            text = f"{text},metadata.name={route.name}" if text else f"metadata.name={route.name}"
        if not text:
            return lambda document: labels.matches(document["metadata"].get("labels"))
        fields = parse_fields(text, kind)
        return lambda document: (
            fields(document) and labels.matches(document["metadata"].get("labels"))
        )

    def selected(self, kind: Kind, route: Route, request: Request) -> list[Json]:
        """The objects a request's path and selectors name."""
        matches = self.select(kind, route, request)
        return [one for one in self._store.list(kind, route.namespace) if matches(one)]

    def list(self, kind: Kind, route: Route, request: Request) -> Response:
        """A collection, whole: ``limit`` is a request the server may exceed."""
        _number(request, "limit")
        _number(request, "resourceVersion")
        if request.one("continue"):
            raise bad_request("continue key is not valid: this server answers lists whole")
        return self.collection(kind, self.selected(kind, route, request), request)

    def collection(self, kind: Kind, found: Iterable[Json], request: Request) -> Response:
        """Objects as a list in the representation asked for."""
        version = str(self._store.resource_version)
        shown = _ages_for_kubectl(request, self._now_ms)
        documents = [shown(kind, document) for document in found]
        match representation(request):
            case "Table":
                include = request.one("includeObject") or "Metadata"
                body = rows(kind, documents, self._now_ms, include)
                return Response.json(table(kind, body, version))
            case "PartialObjectMetadata":
                name, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
                items = [partial(document) for document in documents]
            case _:
                name, api_version = f"{kind.kind}List", kind.api_version
                items = [_item(document) for document in documents]
        metadata = {"resourceVersion": version}
        return Response.json(
            {"kind": name, "apiVersion": api_version, "metadata": metadata, "items": items}
        )

    def watch(self, kind: Kind, route: Route, request: Request) -> WatchStream:
        """A stream of changes, from a resource version or from now.

        Raises:
            ApiError: 400.
        """
        since = _number(request, "resourceVersion") or None
        initial = flag(request, "sendInitialEvents")
        if initial and request.one("resourceVersionMatch") != "NotOlderThan":
            raise bad_request(
                "sendInitialEvents is forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            )
        interest = Interest(
            kind=kind,
            namespace=route.namespace,
            matches=self.select(kind, route, request),
            render=self._renderer(kind, request),
            since=None if initial else since,
            initial_end=initial,
            timeout_s=_timeout_s(request),
        )
        return WatchStream(self._store, interest)

    def _renderer(self, kind: Kind, request: Request) -> Callable[[Json, bool], Json]:
        shown = _ages_for_kubectl(request, self._now_ms)
        include = request.one("includeObject") or "Metadata"
        form = representation(request)

        def render(document: Json, first: bool) -> Json:
            seen = shown(kind, document)
            if form == "Table":
                body = rows(kind, [seen], self._now_ms, include)
                return table(kind, body, _version(document), header=first)
            return partial(seen) if form else seen

        return render


def _timeout_s(request: Request) -> int | None:
    """How long a watch lasts.

    kubectl's informers ask for a random time and watch again when it is over. In virtual time that would let chance
    decide where the clock stops, so their watches last until they are closed.
    """
    timeout_s = _number(request, "timeoutSeconds") or None
    informer = "kubectl-command" in request.headers and flag(request, "allowWatchBookmarks")
    return None if informer else timeout_s


def _version(document: Json) -> str:
    return str(document["metadata"].get("resourceVersion", ""))


def _item(document: Json) -> Json:
    """An object inside a list, which names the kind once for all."""
    return {name: value for name, value in document.items() if name not in ("kind", "apiVersion")}


def _number(request: Request, name: str) -> int:
    text = request.one(name) or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise bad_request(f'{name}: Invalid value: "{text}": strconv.ParseUint: invalid syntax')
    return int(text)


# -- ages ----------------------------------------------------------------------------------------


def _ages_for_kubectl(request: Request, now_ms: int) -> Callable[[Kind, Json], Json]:
    """How objects look to this request's client.

    ``kubectl describe`` and ``kubectl events`` print some instants only as ages, by their own clock. For them these
    instants are moved by the distance between that clock and the world's.
    """
    command = request.headers.get("kubectl-command", "").strip().lower()
    if request.wall_ms is None or not command.startswith(_AGEING_COMMANDS):
        return lambda _, document: document
    shift_ms = request.wall_ms - now_ms
    return lambda kind, document: _shifted(kind, document, shift_ms)


def _shifted(kind: Kind, document: Json, shift_ms: int) -> Json:
    metadata = document["metadata"]
    if kind.kind != "Event":
        aged = [name for name in _AGES.get(kind.kind, _AGES[""]) if name in metadata]
        moved = {name: _moved(metadata[name], shift_ms) for name in aged}
        return {**document, "metadata": {**metadata, **moved}} if moved else document
    born = _moved(metadata["creationTimestamp"], shift_ms)
    seen = {**document, "metadata": {**metadata, "creationTimestamp": born}}
    for name in _EVENT_TIMES:
        if seen.get(name):
            seen[name] = _moved(seen[name], shift_ms)
    if seen.get("eventTime"):
        seen["eventTime"] = _moved(seen["eventTime"], shift_ms, micro=True)
    series = seen.get("series")
    if series and series.get("lastObservedTime"):
        last = _moved(series["lastObservedTime"], shift_ms, micro=True)
        seen["series"] = {**series, "lastObservedTime": last}
    return seen


def _moved(stamp: str, shift_ms: int, *, micro: bool = False) -> str:
    instant_ms = parse_rfc3339(stamp) + shift_ms
    return rfc3339_micro(instant_ms) if micro else rfc3339(instant_ms)


# -- metrics.k8s.io ------------------------------------------------------------------------------


class Metrics:
    """``metrics.k8s.io/v1beta1``: what ``kubectl top`` reads.

    Args:
        store: the objects.
        pods: the kind of pods.
        nodes: the kind of nodes.
        usage: asked per running container.
    """

    def __init__(self, store: Store, pods: Kind, nodes: Kind, usage: UsageOf) -> None:
        self._store = store
        self._kinds = {"pods": pods, "nodes": nodes}
        self._usage = usage

    def answer(self, route: Route, request: Request) -> Response:
        """Present usage of pods or nodes, one or all.

        Raises:
            ApiError: 404.
        """
        kind = self._kinds.get(route.plural)
        if kind is None or bool(route.namespace) > kind.namespaced:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        found = [
            measured
            for document in Reader(self._store).selected(kind, route, request)
            if (measured := self._measured(kind, document)) is not None
        ]
        if route.name:
            if not found:
                metrics = f'{kind.plural}.metrics.k8s.io "{route.namespace}/{route.name}" not found'
                raise ApiError(404, "NotFound", metrics, not_found(kind, route.name).details)
            return Response.json(found[0])
        return Response.json(
            {
                "kind": f"{kind.kind}MetricsList",
                "apiVersion": "metrics.k8s.io/v1beta1",
                "metadata": {},
                "items": found,
            }
        )

    def _measured(self, kind: Kind, document: Json) -> Json | None:
        now_ms = self._store.kernel.now_ms
        metadata = document["metadata"]
        shown = {
            name: metadata[name] for name in ("name", "namespace", "labels") if name in metadata
        }
        sample: Json = {
            "kind": f"{kind.kind}Metrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {**shown, "creationTimestamp": rfc3339(now_ms)},
            "timestamp": rfc3339(now_ms - now_ms % (_METRICS_WINDOW_S * 1_000)),
            "window": f"{_METRICS_WINDOW_S}s",
        }
        if kind.kind == "Node":
            used = [
                usage
                for pod in self._store.list(self._kinds["pods"])
                if pod.get("spec", {}).get("nodeName") == metadata["name"]
                for _, usage in self._running(pod)
            ]
            cpu = sum(one.cpu_millicores for one in used)
            memory = sum(one.memory_bytes for one in used)
            return {**sample, "usage": _quantities(Usage(cpu, memory))}
        containers = [
            {"name": name, "usage": _quantities(usage)} for name, usage in self._running(document)
        ]
        return {**sample, "containers": containers} if containers else None

    def _running(self, pod: Json) -> list[tuple[str, Usage]]:
        statuses: list[Any] = (pod.get("status") or {}).get("containerStatuses") or []
        return [
            (one["name"], self._usage(pod, one["name"]))
            for one in statuses
            if "running" in (one.get("state") or {})
        ]


def _quantities(usage: Usage) -> Json:
    return {"cpu": f"{usage.cpu_millicores}m", "memory": f"{usage.memory_bytes // 1024}Ki"}
