"""Namespaces: what every new one contains, and how one empties when it is deleted."""

from __future__ import annotations

from opsrange.kube.controllers.writes import (
    Controller,
    Create,
    Delete,
    Finalize,
    Key,
    Requeue,
    SetStatus,
    Writes,
    itself,
)
from opsrange.kube.view import View, kind_by_name
from opsrange.types import Json

_RECHECK_MS = 2_000
_ROOT_CA = "kube-root-ca.crt"
_CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdjCCAR2gAwIBAgIBADAKBggqhkjOPQQDAjAjMSEwHwYDVQQDDBhrdWJlcm5l\n"
    "-----END CERTIFICATE-----\n"
)


def reconcile(view: View, key: Key, now_ms: int) -> Writes:
    """Empty a namespace that is being deleted, then let go of it."""
    namespace = view.get("Namespace", "", key.name)
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return
    left = 0
    for kind in kind_by_name().values():
        if not kind.namespaced:
            continue
        for document in view.list(kind.kind, key.name):
            left += 1
            if "deletionTimestamp" not in document["metadata"]:
                yield Delete(document)
    left = sum(
        len(view.list(kind.kind, key.name)) for kind in kind_by_name().values() if kind.namespaced
    )
    if left:
        yield Requeue(_RECHECK_MS)
        return
    if namespace.get("spec", {}).get("finalizers"):
        yield Finalize(namespace)


def fill(view: View, key: Key, now_ms: int) -> Writes:
    """Every namespace has a default service account and the cluster's root certificate."""
    namespace = view.get("Namespace", "", key.name)
    if namespace is None or "deletionTimestamp" in namespace["metadata"]:
        return
    if namespace.get("status", {}).get("phase") != "Active":
        yield SetStatus(namespace, {**namespace.get("status", {}), "phase": "Active"})
    metadata: Json = {"namespace": key.name}
    if view.get("ServiceAccount", key.name, "default") is None:
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        yield Create({**account, "metadata": {**metadata, "name": "default"}})
    if view.get("ConfigMap", key.name, _ROOT_CA) is None:
        about = "Contains a CA bundle that can be used to verify the kube-apiserver"
        notes = {"kubernetes.io/description": f"{about} when using internal endpoints."}
        yield Create(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {**metadata, "name": _ROOT_CA, "annotations": notes},
                "data": {"ca.crt": _CERTIFICATE},
            }
        )


def _namespace_of(_view: View, document: Json) -> list[Key]:
    return [Key("", document["metadata"].get("namespace", ""))]


CONTROLLERS = (
    Controller(name="namespace-controller", reconcile=reconcile, watches={"Namespace": itself}),
    Controller(
        name="serviceaccount-controller",
        reconcile=fill,
        watches={"Namespace": itself, "ServiceAccount": _namespace_of},
        delay_ms=5,
    ),
)
