"""Small valid objects to vary."""

import copy
from typing import Any

from opsrange.kube.kind import Kind, all_kinds
from opsrange.types import Json

CREATED = "2026-01-01T00:00:00Z"


def kind_of(plural: str) -> Kind:
    """The kind with a plural name."""
    return next(kind for kind in all_kinds().values() if kind.plural == plural)


def stored(kind: Kind, document: Json) -> Json:
    """A document as it stands in the store: defaulted and begun."""
    new: Json = copy.deepcopy(document)
    new.setdefault("metadata", {"name": "web", "namespace": "shop"})
    new["metadata"].setdefault("creationTimestamp", CREATED)
    kind.default(new)
    kind.on_create(new)
    return new


def pod(**spec: Any) -> Json:
    """A pod with one container."""
    containers = [{"name": "web", "image": "registry.local/web:1.4"}]
    return {
        "metadata": {"name": "web-1", "namespace": "shop", "creationTimestamp": CREATED},
        "spec": {"containers": containers, **spec},
    }


def deployment(**spec: Any) -> Json:
    """A deployment of that pod."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod()["spec"]}
    return {
        "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": CREATED},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


def complaints(kind: Kind, new: Json, old: Json | None = None) -> list[str]:
    """What validation says, as the API server joins field and detail."""
    return [f"{error.field}: {error.detail}" for error in kind.validate(new, old)]
