"""Admission: what the API server adds to a request, and what it refuses after the schema is satisfied.

Belongs here: namespace lifecycle, service accounts, limit ranges, default tolerations, priority, resource quota, service
addresses. Does not: defaults and validation of a single object (``kinds``), authorisation (``rbac``).

For the API: call :func:`admit` after ``Kind.default``/``on_create`` and validation of the *written* object, before the
store. It returns the document to store (a changed copy, or the same object) and raises ``ApiError``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from opsrange.kube.ipam import node_port, service_ip
from opsrange.kube.kind import Kind
from opsrange.kube.quantities import is_binary, thousandths, written
from opsrange.kube.status_errors import ApiError, forbidden
from opsrange.kube.view import View
from opsrange.types import Json

_IMMORTAL_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path, not a secret
OBJECTS_MAX = {"Pod": 400, "*": 1_000}
"""Of a kind in the whole cluster, events aside. The nodes have room for three quarters of the pods."""
_NOT_READY_SECONDS = 300
"""``--default-not-ready-toleration-seconds`` of the API server."""


def admit(
    operation: str, kind: Kind, new: Json | None, old: Json | None, view: View
) -> Json | None:
    """Pass a write through every admission plug-in.

    Args:
        operation: ``CREATE``, ``UPDATE`` (main resource only) or ``DELETE``.
        kind: of the object.
        new: the document to be written, ``None`` for a deletion. It is not changed in place.
        old: the stored document, ``None`` for a creation.
        view: the present state of the cluster, e.g. ``StoreView(store)``.

    Returns:
        The document to store; ``None`` for a deletion.

    Raises:
        ApiError: when the write is refused.
    """
    if operation == "DELETE" or new is None:
        if kind.kind == "Namespace" and old and old["metadata"]["name"] in _IMMORTAL_NAMESPACES:
            name = old["metadata"]["name"]
            raise forbidden(kind, name, "this namespace may not be deleted")
        return None
    if operation == "CREATE":
        _require_namespace(kind, new, view)
        _bound_objects(kind, new, view)
        if kind.kind == "Pod":
            new = _pod_defaults(kind, new, view)
    if kind.kind == "Service" and not kind.group:
        new = _service_addresses(new, view)
    _enforce_quotas(kind, new, old, view)
    return new


def _name(document: Json) -> str:
    metadata = document["metadata"]
    return str(metadata.get("name") or metadata.get("generateName", ""))


def _require_namespace(kind: Kind, new: Json, view: View) -> None:
    if not kind.namespaced:
        return
    name = new["metadata"].get("namespace", "default")
    namespace = view.get("Namespace", "", name)
    if namespace is None:
        raise ApiError(
            404, "NotFound", f'namespaces "{name}" not found', {"name": name, "kind": "namespaces"}
        )
    if namespace["metadata"].get("deletionTimestamp") and kind.kind != "Event":
        raise forbidden(
            kind,
            _name(new),
            f"unable to create new content in namespace {name} because it is being terminated",
        )


def _bound_objects(kind: Kind, new: Json, view: View) -> None:
    """Providers of managed clusters limit objects by kind; without that, one number in a spec fills a machine."""
    most = OBJECTS_MAX.get(kind.kind, OBJECTS_MAX["*"])
    if kind.kind != "Event" and len(view.list(kind.kind)) >= most:
        resource = f"count/{kind.plural}"
        detail = f"exceeded quota: cluster-objects, requested: {resource}=1, used: {resource}={most}, limited: {resource}={most}"
        raise forbidden(kind, _name(new), detail)


def _pod_defaults(kind: Kind, pod: Json, view: View) -> Json:
    """Service account, token volume, tolerations, priority and limit-range defaults."""
    namespace = pod["metadata"].get("namespace", "default")
    spec = dict(pod["spec"])
    spec["containers"] = [dict(item) for item in spec.get("containers", ())]
    if "initContainers" in spec:
        spec["initContainers"] = [dict(item) for item in spec["initContainers"]]
    account_name = spec.get("serviceAccountName") or "default"
    account = view.get("ServiceAccount", namespace, account_name)
    if account is None:
        raise forbidden(
            kind,
            _name(pod),
            f'error looking up service account {namespace}/{account_name}: serviceaccount "{account_name}" not found',
        )
    spec["serviceAccountName"] = spec["serviceAccount"] = account_name
    wants_token = spec.get(
        "automountServiceAccountToken", account.get("automountServiceAccountToken", True)
    )
    if wants_token:
        _mount_token(pod, spec)
    spec["tolerations"] = _tolerations(spec.get("tolerations", ()))
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    for limits in view.list("LimitRange", namespace):
        _apply_limit_range(spec, limits)
    return {**pod, "spec": spec}


def _mount_token(pod: Json, spec: Json) -> None:
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    if all(
        any(m["mountPath"] == _TOKEN_PATH for m in item.get("volumeMounts", ()))
        for item in containers
    ):
        return
    seed = f"{pod['metadata'].get('namespace')}/{_name(pod)}/token"
    volume = "kube-api-access-" + suffix(seed)
    spec["volumes"] = [
        *spec.get("volumes", ()),
        {
            "name": volume,
            "projected": {
                "defaultMode": 420,
                "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {
                        "configMap": {
                            "name": "kube-root-ca.crt",
                            "items": [{"key": "ca.crt", "path": "ca.crt"}],
                        }
                    },
                    {
                        "downwardAPI": {
                            "items": [
                                {
                                    "path": "namespace",
                                    "fieldRef": {
                                        "apiVersion": "v1",
                                        "fieldPath": "metadata.namespace",
                                    },
                                }
                            ]
                        }
                    },
                ],
            },
        },
    ]
    for item in containers:
        mounts = item.get("volumeMounts", ())
        if not any(m["mountPath"] == _TOKEN_PATH for m in mounts):
            mount = {"name": volume, "mountPath": _TOKEN_PATH, "readOnly": True}
            item["volumeMounts"] = [*mounts, mount]


def suffix(seed: str, length: int = 5) -> str:
    """A random-looking name suffix from Kubernetes' safe alphabet, fixed by ``seed``."""
    alphabet = "bcdfghjklmnpqrstvwxz2456789"
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:12])
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)


def _tolerations(given: Sequence[Json]) -> list[Json]:
    """Add the two default tolerations unless something already tolerates those taints."""
    wanted = list(given)
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(
            item.get("key", key) == key and item.get("effect", "NoExecute") == "NoExecute"
            for item in given
        ):
            wanted.append(
                {
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _NOT_READY_SECONDS,
                }
            )
    return wanted


def _apply_limit_range(spec: Json, limit_range: Json) -> None:
    for limit in limit_range["spec"].get("limits", ()):
        if limit.get("type") != "Container":
            continue
        for item in [*spec["containers"], *spec.get("initContainers", ())]:
            resources = dict(item.get("resources", {}))
            limits = {**limit.get("default", {}), **resources.get("limits", {})}
            requests = {**limit.get("defaultRequest", {}), **resources.get("requests", {})}
            own = resources.get("requests", {})
            requests |= {k: v for k, v in resources.get("limits", {}).items() if k not in own}
            if limits:
                resources["limits"] = limits
            if requests:
                resources["requests"] = requests
            item["resources"] = resources


def _service_addresses(service: Json, view: View) -> Json:
    """Allocate the cluster IP and node ports a service needs and does not have."""
    metadata, spec = service["metadata"], dict(service["spec"])
    if spec.get("type") == "ExternalName":
        return service
    namespace, name = metadata.get("namespace", "default"), _name(service)
    others = [
        item["spec"]
        for item in view.list("Service")
        if (item["metadata"]["namespace"], item["metadata"]["name"]) != (namespace, name)
    ]
    if not spec.get("clusterIP"):
        spec["clusterIP"] = service_ip(namespace, name, {o.get("clusterIP", "") for o in others})
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec.get("type") in {"NodePort", "LoadBalancer"}:
        taken = {p["nodePort"] for o in others for p in o.get("ports", ()) if p.get("nodePort")}
        ports = []
        for port in spec.get("ports", ()):
            number = port.get("nodePort") or node_port(namespace, name, port["port"], taken)
            taken.add(number)
            ports.append({**port, "nodePort": number})
        spec["ports"] = ports
    return {**service, "spec": spec}


# --- resource quota ---------------------------------------------------------------------------------------------

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = {
    "Pod": "pods",
    "Service": "services",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "ReplicationController": "replicationcontrollers",
    "ResourceQuota": "resourcequotas",
}


_KIND_OF_RESOURCE = {plural: kind for kind, plural in _COUNTED.items()}
_COUNT_KINDS = {
    "count/deployments.apps": "Deployment",
    "count/replicasets.apps": "ReplicaSet",
    "count/statefulsets.apps": "StatefulSet",
    "count/daemonsets.apps": "DaemonSet",
    "count/jobs.batch": "Job",
    "count/cronjobs.batch": "CronJob",
    "count/ingresses.networking.k8s.io": "Ingress",
    **{f"count/{plural}": kind for kind, plural in _COUNTED.items()},
}


def usage(kind: str, document: Json) -> dict[str, int]:
    """What an object of a kind counts for, by quota resource name, in thousandths."""
    used = {resource: 1000 for resource, counted in _COUNT_KINDS.items() if counted == kind}
    if kind in _COUNTED:
        used[_COUNTED[kind]] = 1000
    if kind == "Service":
        sort = document["spec"].get("type")
        used["services.nodeports"] = 1000 if sort in {"NodePort", "LoadBalancer"} else 0
        used["services.loadbalancers"] = 1000 if sort == "LoadBalancer" else 0
    if kind == "Pod":
        if document.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return {name: amount for name, amount in used.items() if name.startswith("count/")}
        for section in ("requests", "limits"):
            for resource in _COMPUTE:
                amount = _pod_amount(document["spec"], section, resource)
                used[f"{section}.{resource}"] = amount
                if section == "requests":
                    used[resource] = amount
    return used


def _pod_amount(spec: Json, section: str, resource: str) -> int:
    def amount(item: Json) -> int:
        return thousandths(item.get("resources", {}).get(section, {}).get(resource, 0))

    steady = sum(amount(item) for item in spec.get("containers", ()))
    first = max((amount(item) for item in spec.get("initContainers", ())), default=0)
    return max(steady, first)


def _unspecified(spec: Json, resource: str) -> list[str]:
    """Names of containers that do not set ``requests.cpu`` or the like, which a quota on it demands."""
    section, _, name = resource.rpartition(".")
    section = section or "requests"
    if name not in _COMPUTE:
        return []
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    return sorted(
        item["name"]
        for item in containers
        if name not in item.get("resources", {}).get(section, {})
    )


def _enforce_quotas(kind: Kind, new: Json, old: Json | None, view: View) -> None:
    """Refuse what would exceed a quota, in the API server's words."""
    if not kind.namespaced or (old is not None and kind.kind not in {"Pod", "Service"}):
        return
    quotas = view.list("ResourceQuota", new["metadata"].get("namespace", "default"))
    if not quotas:
        return
    after, before = usage(kind.kind, new), usage(kind.kind, old) if old else {}
    added = {name: amount - before.get(name, 0) for name, amount in after.items()}
    for quota in sorted(quotas, key=lambda item: str(item["metadata"]["name"])):
        hard = quota["spec"].get("hard", {})
        relevant = sorted(name for name in hard if name in added)
        if not relevant or not in_scope(quota, kind.kind, new):
            continue
        _refuse_unspecified(kind, new, quota, relevant, old)
        raised = [name for name in relevant if added[name] > 0]
        used = quota_used(quota, view)
        over = [name for name in raised if used[name] + added[name] > thousandths(hard[name])]
        if over:
            parts = (
                ("requested", {name: added[name] for name in over}),
                ("used", {name: used[name] for name in over}),
                ("limited", {name: thousandths(hard[name]) for name in over}),
            )
            words = ", ".join(f"{word}: {_listed(amounts, hard)}" for word, amounts in parts)
            quota_name = quota["metadata"]["name"]
            raise forbidden(kind, _name(new), f"exceeded quota: {quota_name}, {words}")


def _refuse_unspecified(
    kind: Kind, new: Json, quota: Json, relevant: Sequence[str], old: Json | None
) -> None:
    if kind.kind != "Pod" or old is not None:
        return
    missing = [
        f"{name} for: {','.join(found)}"
        for name in relevant
        if (found := _unspecified(new["spec"], name))
    ]
    if missing:
        quota_name = quota["metadata"]["name"]
        why = f"failed quota: {quota_name}: must specify {'; '.join(missing)}"
        raise forbidden(kind, _name(new), why)


def _listed(amounts: Mapping[str, int], hard: Json) -> str:
    return ",".join(
        f"{name}={written(amount, binary=binary_notation(name, hard[name]))}"
        for name, amount in amounts.items()
    )


def binary_notation(resource: str, quantity: str | float) -> bool:
    """Whether sums of a quota resource are written in powers of 1024."""
    return is_binary(quantity) or resource.endswith(("memory", "storage"))


def in_scope(quota: Json, kind: str, document: Json) -> bool:
    """Whether a quota's scopes cover an object; quotas with scopes cover pods only."""
    scopes = quota["spec"].get("scopes", ())
    if not scopes:
        return True
    if kind != "Pod":
        return False
    resources = [item.get("resources", {}) for item in document["spec"].get("containers", ())]
    best_effort = not any(item.get("requests") or item.get("limits") for item in resources)
    terminating = document["spec"].get("activeDeadlineSeconds") is not None
    facts = {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": terminating,
        "NotTerminating": not terminating,
    }
    return all(facts.get(scope, False) for scope in scopes)


def quota_used(quota: Json, view: View) -> dict[str, int]:
    """Present use of every hard-limited resource of a quota, in thousandths."""
    namespace = quota["metadata"]["namespace"]
    names = list(quota["spec"].get("hard", {}))
    kinds = sorted({_charged_kind(name) for name in names} - {""})
    used = dict.fromkeys(names, 0)
    for kind in kinds:
        mine = [name for name in names if _charged_kind(name) == kind]
        for document in view.list(kind, namespace):
            if not in_scope(quota, kind, document):
                continue
            amounts = usage(kind, document)
            for name in mine:
                used[name] += amounts.get(name, 0)
    return used


def _charged_kind(resource: str) -> str:
    """The kind whose view count for a quota resource, or empty."""
    if resource in _COUNT_KINDS:
        return _COUNT_KINDS[resource]
    if resource in _KIND_OF_RESOURCE:
        return _KIND_OF_RESOURCE[resource]
    if resource.startswith("services."):
        return "Service"
    return "Pod" if resource.rpartition(".")[2] in _COMPUTE else ""
