"""In-process writes: the same defaults, strategies and admission as through the API, without HTTP."""

from __future__ import annotations

import copy

from opsrange.errors import AuthorError
from opsrange.kube.admission import admit
from opsrange.kube.kind import Kind
from opsrange.kube.status_errors import invalid
from opsrange.kube.store import Deletion, Store
from opsrange.kube.view import StoreView, kind_by_name
from opsrange.types import Json


def kind_of(document: Json) -> Kind:
    """The kind a document says it is.

    Raises:
        AuthorError: when it is not served.
    """
    found = kind_by_name().get(document.get("kind", ""))
    if found is None or found.api_version != document.get("apiVersion"):
        raise AuthorError(
            f"asked for {document.get('apiVersion')} {document.get('kind')}; no module in kube/kinds defines it"
        )
    return found


class Writer:
    """Creates, changes and deletes objects of a store as controllers and operators do.

    Every method may raise ``ApiError`` with the API server's refusal.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.view = StoreView(store)

    def create(self, document: Json) -> Json:
        """Create an object: defaults, strategy, validation, admission."""
        kind = kind_of(document)
        new = self.store.named(copy.deepcopy(document))
        if kind.namespaced:
            new["metadata"].setdefault("namespace", "default")
        kind.default(new)
        kind.on_create(new)
        admitted = admit("CREATE", kind, new, None, self.view)
        assert admitted is not None
        if errors := kind.validate(admitted, None):
            raise invalid(kind, admitted["metadata"]["name"], errors)
        return self.store.create(kind, admitted)

    def update(self, document: Json) -> Json:
        """Replace metadata and spec; status stays."""
        kind = kind_of(document)
        old = self.store.get(
            kind, document["metadata"].get("namespace", ""), document["metadata"]["name"]
        )
        new = copy.deepcopy(document)
        kind.default(new)
        kind.on_update(new, old)
        admitted = admit("UPDATE", kind, new, old, self.view)
        assert admitted is not None
        if errors := kind.validate(admitted, old):
            raise invalid(kind, admitted["metadata"]["name"], errors)
        return self.store.update(kind, admitted)

    def set_status(self, document: Json, status: Json, annotations: Json | None = None) -> Json:
        """Replace the status of the stored object that ``document`` names; harmless when it is gone.

        Annotations given are added without a new generation, as a write to the status subresource may.
        """
        kind = kind_of(document)
        metadata = document["metadata"]
        old = self.store.find(kind, metadata.get("namespace", ""), metadata["name"])
        if old is None or old["metadata"]["uid"] != metadata["uid"]:
            return document
        fresh = {**old, "status": status}
        if annotations:
            had = old["metadata"]
            marked = {**had.get("annotations", {}), **annotations}
            fresh["metadata"] = {**had, "annotations": marked}
        return old if fresh == old else self.store.update(kind, fresh)

    def bind(self, pod: Json, node: str, status: Json) -> Json:
        """Put a pod on a node."""
        spec = {**pod["spec"], "nodeName": node}
        return self.store.update(kind_of(pod), {**pod, "spec": spec, "status": status})

    def finalize(self, namespace: Json) -> Json:
        """Drop a namespace's own finalizers, which lets it go."""
        spec = {**namespace.get("spec", {}), "finalizers": []}
        return self.store.update(kind_of(namespace), {**namespace, "spec": spec})

    def delete(self, document: Json, how: Deletion | None = None) -> None:
        """Delete an object, pods gracefully; harmless when it is gone."""
        kind = kind_of(document)
        metadata = document["metadata"]
        old = self.store.find(kind, metadata.get("namespace", ""), metadata["name"])
        if old is None or old["metadata"]["uid"] != metadata["uid"]:
            return
        admit("DELETE", kind, None, old, self.view)
        self.store.delete(kind, metadata.get("namespace", ""), metadata["name"], how)
