"""Short ways to the objects of a cluster, by the plural people type."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cache

from opsrange.errors import AuthorError
from opsrange.kube.kind import Kind, all_kinds
from opsrange.kube.store import Deletion, Store
from opsrange.types import Json


@cache
def kind_named(plural: str) -> Kind:
    """The kind by its plural, or ``plural.group`` where two groups share one.

    Raises:
        AuthorError: when no such kind is served.
    """
    name, _, group = plural.partition(".")
    found = [kind for (kind_group, p), kind in all_kinds().items() if p == name and (not group or kind_group == group)]
    if not found:
        raise AuthorError(f"asked for kind {plural!r}; no module in kube/kinds defines it")
    return found[0]


class Objects:
    """What an operator with full rights sees and does, in process and attributed.

    Args:
        store: the cluster's store.
        actor: who is acting, for the journal.
    """

    def __init__(self, store: Store, actor: str) -> None:
        self._store = store
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
        """Create an object, defaults filled in."""
        document = copy.deepcopy(document)
        group, _, _ = document["apiVersion"].rpartition("/")
        kind = next(k for k in all_kinds().values() if (k.group, k.kind) == (group, document["kind"]))
        kind.default(document)
        kind.on_create(document)
        with self._store.kernel.acting(self._actor):
            self._store.create(kind, document)

    def change(self, plural: str, namespace: str, name: str, edit: Callable[[Json], None]) -> None:
        """Edit an object the way ``kubectl edit`` would."""
        kind = kind_named(plural)
        old = self.get(plural, namespace, name)
        new = copy.deepcopy(old)
        edit(new)
        kind.default(new)
        kind.on_update(new, old)
        with self._store.kernel.acting(self._actor):
            self._store.update(kind, new)

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Delete an object as ``kubectl delete`` would."""
        with self._store.kernel.acting(self._actor):
            self._store.delete(kind_named(plural), namespace, name, Deletion())
