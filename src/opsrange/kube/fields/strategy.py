"""What happens to an object on its way into the store: status, generation and their like."""

from __future__ import annotations

import copy
from collections.abc import Callable

from opsrange.types import Json

Create = Callable[[Json], None]
Update = Callable[[Json, Json], None]


def creating(status: Json | None = None, *, generation: bool = False) -> Create:
    """A creation strategy that replaces whatever status the client sent.

    Args:
        status: how status begins; ``None`` for kinds without status.
        generation: whether the kind counts generations.
    """

    def create(document: Json) -> None:
        document.pop("status", None)
        if status is not None:
            document["status"] = copy.deepcopy(status)
        document["metadata"].pop("generation", None)
        if generation:
            document["metadata"]["generation"] = 1

    return create


def updating(*, generation: bool = False, annotations: bool = False) -> Update:
    """An update strategy for the main resource: status stays as it was.

    Args:
        generation: whether a changed spec increments ``metadata.generation``.
        annotations: whether changed annotations do, too (deployments).
    """

    def update(new: Json, old: Json) -> None:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
        metadata, before = new["metadata"], old["metadata"]
        metadata.pop("generation", None)
        if "generation" in before:
            metadata["generation"] = before["generation"]
        if not generation:
            return
        changed = new.get("spec") != old.get("spec")
        if annotations:
            changed = changed or _annotations(metadata) != _annotations(before)
        if changed:
            metadata["generation"] = before.get("generation", 0) + 1

    return update


def _annotations(metadata: Json) -> Json:
    """Annotations, an absent mapping being an empty one."""
    return metadata.get("annotations") or {}
