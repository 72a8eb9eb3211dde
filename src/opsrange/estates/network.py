"""The cluster as the processes in it see it: who runs, what a name resolves to, what a connection meets.

Everything is read from Kubernetes objects, so that a changed selector, port, policy, variable or config map has its
effect without anyone saying so. Answers are remembered until an object changes that they may depend on.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence

from opsrange.apps.ports import Instance, Reach, Route
from opsrange.estates.objects import kind_named
from opsrange.estates.policies import allows
from opsrange.kube.quantities import parse_quantity
from opsrange.kube.store import Change, Store
from opsrange.types import Json, parse_rfc3339

_WATCHED = {
    "pods",
    "services",
    "endpointslices",
    "networkpolicies",
    "configmaps",
    "secrets",
    "namespaces",
}
_MOUNTED = {"configmaps", "secrets"}
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


class EstateNetwork:
    """Implements ``apps.ports.Network`` over a store.

    Args:
        store: the cluster's objects.
        service_of: the application's name for an image, or ``None`` when the image is none of its own.
        home: the namespace whose services a caller from outside the cluster means.
    """

    def __init__(self, store: Store, service_of: Callable[[str], str | None], home: str) -> None:
        self._store = store
        self._service_of = service_of
        self._home = home
        self._environments: dict[tuple[str, str], Mapping[str, str]] = {}
        self._instances: list[Instance] | None = None
        self._pods: dict[str, Json] | None = None
        self._routes: dict[tuple[str, str, int], Route] = {}
        self._seen: dict[tuple[str, str], tuple[Json, Instance]] = {}
        """Running containers as last read, with the pod they were read from: objects are immutable, so it is enough to know it."""
        self.dialled: set[str] = set()
        """Uids of pods that an instance of the application has called by their own address."""
        self.version = 0
        store.subscribe(self._notice)

    def _notice(self, change: Change) -> None:
        if change.kind.plural in _WATCHED:
            self.version += 1
            self._instances = self._pods = None
            self._routes.clear()
        if change.kind.plural in _MOUNTED:
            self._seen.clear()
        if change.verb == "DELETED" and change.kind.plural == "pods":
            uid = change.last["metadata"]["uid"]
            self._environments = {
                key: env for key, env in self._environments.items() if key[0] != uid
            }
            self._seen = {key: each for key, each in self._seen.items() if key[0] != uid}

    def started(self, pod: Json, container: str) -> None:
        """Fix a container's environment: references are resolved once, when its process begins."""
        spec = _container(pod, container)
        key = pod["metadata"]["uid"], container
        self._environments[key] = self._environment(pod, spec)
        self._seen.pop(key, None)

    def instance(self, pod: Json, container: str) -> Instance | None:
        """One container as the application sees it, or ``None`` when it runs none of the application's images."""
        key = pod["metadata"]["uid"], container
        source, known = self._seen.get(key, (None, None))
        if source is pod:
            return known
        found = self._read(pod, container)
        if found is not None and "running" in _status(pod, container).get("state", {}):
            self._seen[key] = pod, found
        return found

    def _read(self, pod: Json, container: str) -> Instance | None:
        spec = _container(pod, container)
        workload = self._service_of(spec["image"])
        if workload is None:
            return None
        status = _status(pod, container)
        running = status.get("state", {}).get("running", {})
        limits = spec.get("resources", {}).get("limits", {})
        uid = pod["metadata"]["uid"]
        return Instance(
            uid=uid,
            pod=pod["metadata"]["name"],
            workload=workload,
            namespace=pod["metadata"]["namespace"],
            node=pod["spec"].get("nodeName", ""),
            container=container,
            release=spec["image"].rpartition(":")[2],
            env=self._environments.get((uid, container), {}),
            files=self._files(pod, spec),
            ports=[port["containerPort"] for port in spec.get("ports", [])],
            cpu_limit_millicores=round(parse_quantity(limits["cpu"]) * 1000)
            if "cpu" in limits
            else None,
            memory_limit_bytes=int(parse_quantity(limits["memory"]))
            if "memory" in limits
            else None,
            started_ms=parse_rfc3339(running["startedAt"])
            if "startedAt" in running
            else self._store.kernel.now_ms,
            restart=status.get("restartCount", 0),
            ready=bool(status.get("ready")),
            command=(*spec.get("command", ()), *spec.get("args", ())),
        )

    def instances(self) -> Sequence[Instance]:
        """Every running instance of the application, in the order of namespace and pod name."""
        if self._instances is None:
            self._instances = []
            for pod in self._store.list(kind_named("pods")):
                for status in pod.get("status", {}).get("containerStatuses", []):
                    if "running" in status.get("state", {}):
                        found = self.instance(pod, status["name"])
                        if found is not None:
                            self._instances.append(found)
        return self._instances

    def resolve(self, caller: Instance | None, host: str, port: int) -> Route:
        """Where ``host:port`` leads for a caller; see ``apps.ports.Network``."""
        key = (caller.uid if caller else "", host, port)
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = self._resolve(caller, host, port)
        return route

    def _resolve(self, caller: Instance | None, host: str, port: int) -> Route:
        source = self._pod(caller.uid) if caller else None
        if _ADDRESS.fullmatch(host):
            return self._resolve_address(source, host, port)
        service = self._service(caller.namespace if caller else self._home, host)
        if service is None:
            return Route(Reach.NO_SUCH_HOST, address=f"{host}:{port}")
        return self._resolve_service(source, service, port)

    def _service(self, namespace: str, host: str) -> Json | None:
        """The service a DNS name means inside the cluster, search domains applied."""
        labels = (
            host.removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc").split(".")
        )
        if len(labels) > 2:
            return None
        name, place = labels[0], labels[1] if len(labels) == 2 else namespace
        return self._store.find(kind_named("services"), place, name)

    def _resolve_address(self, source: Json | None, host: str, port: int) -> Route:
        for service in self._store.list(kind_named("services")):
            if service["spec"].get("clusterIP") == host:
                return self._resolve_service(source, service, port)
        for pod in self._store.list(kind_named("pods")):
            if pod.get("status", {}).get("podIP") == host:
                if source is not None:
                    self.dialled.add(pod["metadata"]["uid"])
                return self._reachable(source, [(pod, port)], f"{host}:{port}")
        return Route(Reach.TIMEOUT, address=f"{host}:{port}")

    def _resolve_service(self, source: Json | None, service: Json, port: int) -> Route:
        spec, metadata = service["spec"], service["metadata"]
        address = f"{spec.get('clusterIP') or metadata['name']}:{port}"
        entry = next((item for item in spec.get("ports", []) if item["port"] == port), None)
        headless = spec.get("clusterIP") == "None"
        if entry is None and not headless:
            return Route(Reach.TIMEOUT, address=address)
        found = []
        for piece in self._store.list(kind_named("endpointslices"), metadata["namespace"]):
            if (
                piece["metadata"].get("labels", {}).get("kubernetes.io/service-name")
                != metadata["name"]
            ):
                continue
            ports = {item.get("name") or "": item["port"] for item in piece.get("ports") or []}
            target = ports.get((entry or {}).get("name") or "") if entry else port
            for endpoint in piece.get("endpoints") or []:
                pod = self._pod(endpoint.get("targetRef", {}).get("uid", ""))
                if pod and target and endpoint.get("conditions", {}).get("ready", True):
                    found.append((pod, target))
        if headless and not found:
            return Route(Reach.NO_SUCH_HOST, address=address)
        return self._reachable(source, found, address)

    def _reachable(
        self, source: Json | None, targets: Sequence[tuple[Json, int]], address: str
    ) -> Route:
        if not targets:
            return Route(Reach.REFUSED, address=address)
        open_to = [
            (pod["metadata"]["uid"], port)
            for pod, port in targets
            if allows(self._store, source, pod, port)
        ]
        if not open_to:
            return Route(Reach.TIMEOUT, address=address)
        return Route(Reach.OK, tuple(open_to), address)

    def _pod(self, uid: str) -> Json | None:
        if self._pods is None:
            self._pods = {
                pod["metadata"]["uid"]: pod for pod in self._store.list(kind_named("pods"))
            }
        return self._pods.get(uid)

    def _data(self, plural: str, namespace: str, name: str) -> Mapping[str, str]:
        found = self._store.find(kind_named(plural), namespace, name) or {}
        data = found.get("data") or {}
        if plural == "secrets":
            return {
                key: base64.b64decode(text).decode(errors="replace") for key, text in data.items()
            }
        return data

    def _environment(self, pod: Json, container: Json) -> Mapping[str, str]:
        namespace = pod["metadata"]["namespace"]
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            for plural, field in (("configmaps", "configMapRef"), ("secrets", "secretRef")):
                if field in source:
                    found.update(self._data(plural, namespace, source[field].get("name", "")))
        for entry in container.get("env", []):
            value = entry.get("value", "")
            reference = entry.get("valueFrom", {})
            for plural, field in (("configmaps", "configMapKeyRef"), ("secrets", "secretKeyRef")):
                if field in reference:
                    value = self._data(plural, namespace, reference[field].get("name", "")).get(
                        reference[field]["key"], ""
                    )
            found[entry["name"]] = re.sub(
                r"\$\((\w+)\)", lambda match: found.get(match[1], match[0]), value
            )
        return found

    def _files(self, pod: Json, container: Json) -> Mapping[str, str]:
        namespace = pod["metadata"]["namespace"]
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        found: dict[str, str] = {}
        for mount in container.get("volumeMounts", []):
            volume = volumes.get(mount["name"], {})
            data: Mapping[str, str] = {}
            if "configMap" in volume:
                data = self._data("configmaps", namespace, volume["configMap"].get("name", ""))
            elif "secret" in volume:
                data = self._data("secrets", namespace, volume["secret"].get("secretName", ""))
            for key, text in data.items():
                if mount.get("subPath") == key:
                    found[mount["mountPath"]] = text
                elif "subPath" not in mount:
                    found[f"{mount['mountPath'].rstrip('/')}/{key}"] = text
        return found


def _container(pod: Json, name: str) -> Json:
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
    found: Json = next(item for item in containers if item["name"] == name)
    return found


def _status(pod: Json, container: str) -> Json:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    found: Json = next((item for item in statuses if item["name"] == container), {})
    return found
