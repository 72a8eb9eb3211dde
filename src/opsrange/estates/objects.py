"""Short ways to the objects of a cluster, by the plural people type."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

from opsrange.errors import AuthorError
from opsrange.kube.kind import Kind, all_kinds
from opsrange.kube.status_errors import ApiError
from opsrange.kube.writer import Writer
from opsrange.types import Json


@cache
def kind_named(plural: str) -> Kind:
    """The kind by its plural, or ``plural.group`` where two groups share one.

    Raises:
        AuthorError: when no such kind is served.
    """
    name, _, group = plural.partition(".")
    found = [
        kind
        for (kind_group, p), kind in all_kinds().items()
        if p == name and (not group or kind_group == group)
    ]
    if not found:
        raise AuthorError(f"asked for kind {plural!r}; no module in kube/kinds defines it")
    return found[0]


class Objects:
    """What an operator with full rights sees and does, in process and attributed.

    Args:
        writer: writes with defaults and admission, as through the API.
        actor: who is acting, for the journal.
    """

    def __init__(self, writer: Writer, actor: str) -> None:
        self._writer = writer
        self._store = writer.store
        self._actor = actor

    def list(self, plural: str, namespace: str = "") -> Sequence[Json]:
        """Objects of a kind, of every namespace when it is empty. Treat them as immutable."""
        return self._store.list(kind_named(plural), namespace)

    def find(self, plural: str, namespace: str, name: str) -> Json | None:
        """An object or ``None``. Treat it as immutable."""
        return self._store.find(kind_named(plural), namespace, name)

    def get(self, plural: str, namespace: str, name: str) -> Json:
        """A private copy of an object.

        Raises:
            AuthorError: when it does not exist.
        """
        found = self.find(plural, namespace, name)
        if found is None:
            raise AuthorError(f"asked for {plural} {namespace}/{name}; the estate has none")
        return copy.deepcopy(found)

    def create(self, document: Json) -> None:
        """Create an object as ``kubectl create`` would."""
        with self._store.kernel.acting(self._actor):
            self._writer.create(document)

    def change(self, plural: str, namespace: str, name: str, edit: Callable[[Json], None]) -> None:
        """Edit an object the way ``kubectl edit`` would."""
        document = self.get(plural, namespace, name)
        edit(document)
        with self._store.kernel.acting(self._actor):
            self._writer.update(document)

    def replace(self, document: Json) -> None:
        """Put a document in place of the object it names, the way ``kubectl replace`` would."""
        with self._store.kernel.acting(self._actor):
            self._writer.update(document)

    def discard(self, document: Json) -> None:
        """Delete the object that a document is a copy of, whatever finalizers hold it; harmless when it is gone."""
        with self._store.kernel.acting(self._actor):
            if document["metadata"].get("finalizers"):
                with suppress(ApiError):  # gone, or changed since: then the deletion says so
                    metadata = {**document["metadata"], "finalizers": []}
                    self._writer.update({**copy.deepcopy(document), "metadata": metadata})
            self._writer.delete(document)

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Delete an object as ``kubectl delete`` would."""
        with self._store.kernel.acting(self._actor):
            self._writer.delete(self.get(plural, namespace, name))
