"""What a controller takes for its own: it adopts orphans that its selector matches, and lets go of what no longer does.

The rules are those of Kubernetes' controller reference manager.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from opsrange.kube.controllers.writes import Key, Triggers, Update, Write, owner_of_kind
from opsrange.kube.view import View, controller_of, owner_reference, selects
from opsrange.types import Json


def claimed(
    owner: Json, candidates: Iterable[Json], lives: Callable[[Json], bool]
) -> Generator[Write, str | None, list[Json]]:
    """Adopt and let go; the value is what belongs to ``owner`` then.

    Args:
        owner: has a label selector in its specification.
        candidates: of the kind that it owns, in its namespace.
        lives: whether one is worth adopting or letting go.
    """
    mine = []
    for document in candidates:
        metadata = document["metadata"]
        reference = controller_of(document)
        matches = selects(owner["spec"]["selector"], metadata.get("labels") or {})
        if reference is None and matches and lives(document):
            references = [*metadata.get("ownerReferences", ()), owner_reference(owner)]
            yield Update({**document, "metadata": {**metadata, "ownerReferences": references}})
            mine.append(document)
        elif reference is not None and reference["uid"] == owner["metadata"]["uid"]:
            if matches:
                mine.append(document)
            elif lives(document):
                others = [each for each in metadata["ownerReferences"] if each is not reference]
                yield Update({**document, "metadata": {**metadata, "ownerReferences": others}})
    return mine


def claimant(kind: str) -> Triggers:
    """Trigger: the owner of the object that changed, or for an orphan every one of ``kind`` that would take it."""

    def owners(view: View, document: Json) -> Iterable[Key]:
        if controller_of(document) is not None:
            return owner_of_kind(kind)(view, document)
        metadata = document["metadata"]
        namespace, labels = metadata.get("namespace", ""), metadata.get("labels") or {}
        return [
            Key(namespace, found["metadata"]["name"])
            for found in view.list(kind, namespace)
            if selects(found["spec"]["selector"], labels)
        ]

    return owners
