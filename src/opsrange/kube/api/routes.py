"""From an HTTP path to what it names.

Belongs here: the shape of the API's paths. Does not: verbs, what exists in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opsrange.kube.kind import Kind
from opsrange.wire import Request

Kinds = Mapping[tuple[str, str], Kind]
"""Kinds by (group, plural)."""


@dataclass(frozen=True, slots=True)
class Route:
    """A resource path."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """``pods`` or ``pods/log``: how rights name it."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def parse(path: str) -> Route | None:
    """The resource a path names; ``None`` when it has not the shape of one."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    return Route(group, version, rest[0], namespace, name, "/".join(rest[2:]))


def kind_of(route: Route, kinds: Kinds) -> Kind | None:
    """The kind a route speaks of, when it is served in that version and scope."""
    kind = kinds.get((route.group, route.plural))
    if kind is None or kind.version != route.version:
        return None
    if route.namespace and not kind.namespaced:
        return None
    if kind.namespaced and route.name and not route.namespace:
        return None
    return kind


def flag(request: Request, name: str) -> bool:
    """A boolean query parameter, as Go's ``ParseBool`` reads it; present and empty is true."""
    if name not in request.query:
        return False
    return request.one(name).lower() in ("", "1", "t", "true")
