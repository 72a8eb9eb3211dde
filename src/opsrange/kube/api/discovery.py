"""What the server serves: ``/version``, ``/api``, ``/apis`` and the OpenAPI documents, built from the kinds.

Belongs here: documents about the API. Does not: anything that depends on objects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache

from opsrange.kube.api.routes import Kinds
from opsrange.kube.kind import RELEASE, Kind
from opsrange.kube.schema import openapi_definitions
from opsrange.types import Json
from opsrange.wire import Response

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_SUBRESOURCES = {
    "status": ("", "", "", ("get", "patch", "update")),
    "scale": ("autoscaling", "v1", "Scale", ("get", "patch", "update")),
    "log": ("", "", "", ("get",)),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
    "finalize": ("", "", "", ("update",)),
    "binding": ("", "v1", "Binding", ("create",)),
    "token": ("authentication.k8s.io", "v1", "TokenRequest", ("create",)),
}
"""Subresource to the group, version and kind of its body (empty: its parent's) and its verbs."""
_UNSERVED = ("binding", "token", "finalize")
_METRICS = "metrics.k8s.io"
_VIRTUAL: tuple[tuple[str, str, str, str, bool, tuple[str, ...]], ...] = (
    ("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", False, ("create",)),
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, ("create",)),
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, ("create",)),
    (_METRICS, "v1beta1", "nodes", "NodeMetrics", False, ("get", "list")),
    (_METRICS, "v1beta1", "pods", "PodMetrics", True, ("get", "list")),
)  # fmt: skip
"""Resources that are computed, not stored: group, version, plural, kind, namespaced, verbs."""


def version() -> Json:
    """``/version``."""
    major, minor, _ = RELEASE.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": RELEASE,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "",
        "goVersion": "",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


class Discovery:
    """Documents about what is served, built when first asked for.

    Args:
        kinds: what is stored.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._resources: dict[tuple[str, str], list[Json]] = {}
        for kind in kinds.values():
            self._resources.setdefault((kind.group, kind.version), []).extend(_legacy(kind))
        for group, served, plural, name, namespaced, verbs in _VIRTUAL:
            entry: Json = {
                "name": plural,
                "singularName": "pod" if name == "PodMetrics" else "",
                "namespaced": namespaced,
                "kind": name,
                "verbs": list(verbs),
            }
            self._resources.setdefault((group, served), []).append(entry)
        self._resources.setdefault(("policy", "v1"), [])

    def answer(self, path: str, accept: str) -> Response | None:
        """The document at a path; ``None`` when this is not a discovery path."""
        parts = [part for part in path.split("/") if part]
        match parts:
            case ["version"]:
                return Response.json(version())
            case ["healthz" | "livez" | "readyz"]:
                return Response(200, b"ok", "text/plain; charset=utf-8")
            case ["api" | "apis" as root] if "APIGroupDiscoveryList" in accept:
                return Response(200, _encoded(self._aggregated(core=root == "api")), _AGGREGATED)
            case ["api"]:
                return Response.json({"kind": "APIVersions", "versions": ["v1"]})
            case ["apis"]:
                groups = [self._group(group) for group, _ in self._ordered() if group]
                return Response.json({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
            case ["apis", group] if any(group == served for served, _ in self._resources):
                return Response.json({"kind": "APIGroup", "apiVersion": "v1", **self._group(group)})
            case ["api", served] if ("", served) in self._resources:
                return Response.json(self._list("", served))
            case ["apis", group, served] if (group, served) in self._resources:
                return Response.json(self._list(group, served))
            case ["openapi", "v3", *rest]:
                return self._openapi("/".join(rest))
        return None

    def _ordered(self) -> Sequence[tuple[str, str]]:
        return sorted(self._resources)

    def _group(self, group: str) -> Json:
        versions = [
            {"groupVersion": f"{group}/{served}", "version": served}
            for named, served in self._ordered()
            if named == group
        ]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _list(self, group: str, served: str) -> Json:
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{group}/{served}" if group else served,
            "resources": self._resources[group, served],
        }

    def _aggregated(self, *, core: bool) -> Json:
        items: list[Json] = []
        for group, served in self._ordered():
            if core is not (group == ""):
                continue
            resources = _nested(self._resources[group, served], (group, served))
            entry = {"version": served, "resources": resources, "freshness": "Current"}
            if items and items[-1]["metadata"].get("name", "") == group:
                items[-1]["versions"].append(entry)
                continue
            metadata: Json = {"name": group} if group else {}
            metadata["creationTimestamp"] = None
            items.append({"metadata": metadata, "versions": [entry]})
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": items,
        }

    def _openapi(self, place: str) -> Response | None:
        served = {_place(kind): (kind.group, kind.version) for kind in self._kinds.values()}
        if not place:
            paths = {}
            for name, (group, served_version) in sorted(served.items()):
                digest = hashlib.sha256(f"{RELEASE}{group}{served_version}".encode()).hexdigest()
                url = f"/openapi/v3/{name}?hash={digest[:32].upper()}"
                paths[name] = {"serverRelativeURL": url}
            return Response.json({"paths": paths})
        if place not in served:
            return None
        kinds = [kind for kind in self._kinds.values() if _place(kind) == place]
        return Response(200, _openapi_document(tuple(_Served(kind) for kind in kinds)))


class _Served:
    """A kind as a cache key: by what it is called."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._key = (kind.group, kind.version, kind.plural)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Served) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)


def _encoded(document: Json) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _place(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def _legacy(kind: Kind) -> list[Json]:
    """A kind's entries in an ``APIResourceList``."""
    entry: Json = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(_VERBS),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    found = [entry]
    for name in kind.subresources:
        if name in _UNSERVED:
            continue
        group, served, body, verbs = _SUBRESOURCES[name]
        sub: Json = {
            "name": f"{kind.plural}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
        }
        if group:
            sub["group"], sub["version"] = group, served
        found.append({**sub, "kind": body or kind.kind, "verbs": list(verbs)})
    return found


def _nested(entries: Sequence[Json], served: tuple[str, str]) -> list[Json]:
    """``APIResourceList`` entries as aggregated discovery nests them."""
    found: dict[str, Json] = {}
    for entry in entries:
        kind = {
            "group": entry.get("group", served[0]),
            "version": entry.get("version", served[1]),
            "kind": entry["kind"],
        }
        plural, _, sub = entry["name"].partition("/")
        if sub:
            nested = {"subresource": sub, "responseKind": kind, "verbs": entry["verbs"]}
            found[plural].setdefault("subresources", []).append(nested)
            continue
        resource: Json = {
            "resource": plural,
            "responseKind": kind,
            "scope": "Namespaced" if entry["namespaced"] else "Cluster",
            "singularResource": entry["singularName"],
            "verbs": entry["verbs"],
        }
        for name in ("shortNames", "categories"):
            if name in entry:
                resource[name] = entry[name]
        found[plural] = resource
    return list(found.values())


@cache
def _openapi_document(served: tuple[_Served, ...]) -> bytes:
    """The OpenAPI v3 document of one group and version."""
    paths: Json = {}
    kinds = [one.kind for one in served]
    query = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    for kind in kinds:
        name = {"group": kind.group, "version": kind.version, "kind": kind.kind}

        def operation(action: str, parameters: Sequence[Json], name: Json = name) -> Json:
            return {
                "parameters": list(parameters),
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": name,
            }

        scope = "namespaces/{namespace}/" if kind.namespaced else ""
        collection = f"/{_place(kind)}/{scope}{kind.plural}"
        paths[collection] = {"get": operation("list", ()), "post": operation("post", query)}
        paths[collection + "/{name}"] = {
            "get": operation("get", ()),
            "put": operation("put", query),
            "patch": operation("patch", query),
            "delete": operation("delete", ()),
        }
        if kind.namespaced:
            paths[f"/{_place(kind)}/{kind.plural}"] = {"get": operation("list", ())}
    document = {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": RELEASE},
        "paths": paths,
        "components": {"schemas": openapi_definitions(kinds)},
    }
    return _encoded(document)
