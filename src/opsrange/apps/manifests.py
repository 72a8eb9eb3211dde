"""The Kubernetes objects of a healthy installation, rendered from the definition."""

from __future__ import annotations

import json
import random
from typing import Any

from opsrange.apps.definition import Definition, Service, read
from opsrange.apps.registry import Registry
from opsrange.types import Json

_SECRET = "secret:"  # noqa: S105 - a marker, not a secret
_TEAMS: dict[str, tuple[str, ...]] = {
    "storefront": ("frontend", "frontend-proxy", "image-provider", "load-generator"),
    "orders": ("checkout", "payment", "shipping", "quote", "email", "cart", "currency"),
    "discovery": ("product-catalog", "product-reviews", "recommendation", "ad", "llm"),
    "finance": ("accounting", "fraud-detection"),
    "platform": ("flagd", "kafka", "postgresql", "valkey-cart"),
}


def render(
    definition: Definition, registry: Registry, namespace: str, variant: random.Random
) -> list[Json]:
    """Every object, in an order that can be applied.

    Args:
        definition: the application.
        registry: whose newest healthy tags are installed.
        namespace: where the objects live.
        variant: draws replica counts, the database password and the number of users.
    """
    password = f"{variant.getrandbits(64):016x}"
    objects: list[Json] = [_namespace(definition, namespace), _quota(namespace)]
    objects.append(_flag_config(namespace))
    objects.append(_object("ConfigMap", "product-catalog-products", namespace))
    objects[-1]["data"] = {"products.json": json.dumps(read("shop_data")["products"], indent=2)}
    for name, service in definition.services.items():
        replicas = variant.randint(*service.replicas)
        account = _object("ServiceAccount", name, namespace, _labels(definition, name))
        objects.append(account)
        secret = _secret(definition, name, service, namespace, password)
        if secret is not None:
            objects.append(secret)
        deployment = _deployment(definition, name, namespace, replicas)
        if name == definition.load.service:
            users = str(definition.load.users + variant.choice((-4, -2, 0, 2, 4)))
            container = deployment["spec"]["template"]["spec"]["containers"][0]
            for entry in container["env"]:
                if entry["name"] == definition.load.users_env:
                    entry["value"] = users
        objects.append(deployment)
        if _is_called(definition, name):
            objects.append(_service(definition, name, namespace))
        if service.hpa is not None:
            objects.append(_autoscaler(definition, name, namespace, service.hpa))
        elif replicas > 1 and name in ("cart", "product-catalog", "payment", "frontend-proxy"):
            objects.append(_budget(definition, name, namespace))
    for name in ("postgresql", "valkey-cart", "kafka"):
        objects.append(_policy(definition, name, namespace))
    return objects


def selector(name: str) -> dict[str, str]:
    """The labels by which a service's pods are found."""
    return {"app.kubernetes.io/name": name, "opentelemetry.io/name": name}


def _labels(definition: Definition, name: str) -> dict[str, str]:
    return {
        **selector(name),
        "app.kubernetes.io/component": name,
        "app.kubernetes.io/instance": definition.name,
        "app.kubernetes.io/part-of": definition.name,
        "app.kubernetes.io/version": definition.services[name].versions[-1],
        "app.kubernetes.io/managed-by": "Helm",
    }


def _object(kind: str, name: str, namespace: str, labels: dict[str, str] | None = None) -> Json:
    versions = {
        "Deployment": "apps/v1",
        "HorizontalPodAutoscaler": "autoscaling/v2",
        "NetworkPolicy": "networking.k8s.io/v1",
        "PodDisruptionBudget": "policy/v1",
    }
    metadata: Json = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata}


def _namespace(definition: Definition, namespace: str) -> Json:
    labels = {
        "kubernetes.io/metadata.name": namespace,
        "app.kubernetes.io/part-of": definition.name,
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": namespace, "labels": labels},
    }


def _quota(namespace: str) -> Json:
    quota = _object("ResourceQuota", "compute", namespace)
    hard = {"requests.cpu": "8", "requests.memory": "20Gi", "limits.cpu": "48"}
    quota["spec"] = {"hard": {**hard, "limits.memory": "40Gi", "pods": "90"}}
    return quota


def _flag_config(namespace: str) -> Json:
    config = _object("ConfigMap", "flagd-config", namespace)
    document = {
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "flags": read("shop_data")["flags"],
    }
    config["data"] = {"demo.flagd.json": json.dumps(document, indent=2)}
    return config


def _secret_name(name: str) -> str:
    return f"{name}-credentials"


def _secret(
    definition: Definition, name: str, service: Service, namespace: str, password: str
) -> Json | None:
    data = {
        _key(variable): value.removeprefix(_SECRET).format(password=password)
        for variable, value in service.env.items()
        if value.startswith(_SECRET)
    }
    if not data:
        return None
    secret = _object("Secret", _secret_name(name), namespace, _labels(definition, name))
    return {**secret, "type": "Opaque", "stringData": data}


def _key(variable: str) -> str:
    return variable.lower().replace("_", "-")


def _env(name: str, service: Service) -> list[Json]:
    entries: list[Json] = []
    for variable, value in service.env.items():
        if value.startswith(_SECRET):
            reference = {"name": _secret_name(name), "key": _key(variable)}
            entries.append({"name": variable, "valueFrom": {"secretKeyRef": reference}})
        else:
            entries.append({"name": variable, "value": value})
    entries.append({"name": "OTEL_SERVICE_NAME", "value": name})
    entries.append({"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://otel-collector:4317"})
    return entries


def _probe(service: Service) -> Json:
    port = service.ports[0]
    health = service.health
    if port.protocol == "http":
        path = health.path if health is not None else "/"
        return {"httpGet": {"path": path, "port": port.port}}
    if port.protocol == "grpc" and service.language in ("go", "java", "python", "cpp"):
        return {"grpc": {"port": port.port}}
    return {"tcpSocket": {"port": port.port}}


def arguments(service: Service) -> list[str]:
    """What a service's container is started with."""
    return ["start", "--uri", f"file:{service.flag_file}"] if service.flag_file else []


def _container(definition: Definition, name: str) -> Json:
    service = definition.services[name]
    container: Json = {
        "name": name,
        "image": f"{definition.repository(name)}:{service.versions[-1]}",
        "imagePullPolicy": "IfNotPresent",
        "env": _env(name, service),
        "resources": {
            "requests": {"cpu": service.resources.cpu[0], "memory": service.resources.memory[0]},
            "limits": {"cpu": service.resources.cpu[1], "memory": service.resources.memory[1]},
        },
    }
    if _is_called(definition, name):
        container["ports"] = [
            {"name": port.name, "containerPort": port.port, "protocol": "TCP"}
            for port in service.ports
        ]
        container["readinessProbe"] = {**_probe(service), "periodSeconds": 5, "failureThreshold": 3}
        delay = service.startup_ms // 1000 + 20
        container["livenessProbe"] = {
            **_probe(service),
            "initialDelaySeconds": delay,
            "periodSeconds": 15,
            "failureThreshold": 4,
        }
    if service.flag_file:
        folder = service.flag_file.rpartition("/")[0]
        container["args"] = arguments(service)
        container["volumeMounts"] = [{"name": "config", "mountPath": folder}]
    elif name == "product-catalog":
        container["volumeMounts"] = [{"name": "products", "mountPath": "/usr/src/app/products"}]
    elif any(store.survives == "container" for store in service.stores.values()):
        container["volumeMounts"] = [{"name": "data", "mountPath": f"/var/lib/{name}/data"}]
    return container


def _volumes(name: str, service: Service) -> list[Json]:
    if service.flag_file:
        return [{"name": "config", "configMap": {"name": "flagd-config"}}]
    if name == "product-catalog":
        return [{"name": "products", "configMap": {"name": "product-catalog-products"}}]
    if any(store.survives == "container" for store in service.stores.values()):
        return [{"name": "data", "emptyDir": {}}]
    return []


def _deployment(definition: Definition, name: str, namespace: str, replicas: int) -> Json:
    service = definition.services[name]
    deployment = _object("Deployment", name, namespace, _labels(definition, name))
    team = next(team for team, names in _TEAMS.items() if name in names)
    deployment["metadata"]["annotations"] = {
        "meta.helm.sh/release-name": definition.name,
        "meta.helm.sh/release-namespace": namespace,
        "corp.example/owner": f"team-{team}",
    }
    pod: Json = {
        "serviceAccountName": name,
        "terminationGracePeriodSeconds": 30,
        "containers": [_container(definition, name)],
    }
    volumes = _volumes(name, service)
    if volumes:
        pod["volumes"] = volumes
    template = {"metadata": {"labels": _labels(definition, name)}, "spec": pod}
    strategy: Json = {"type": "RollingUpdate"}
    strategy["rollingUpdate"] = {"maxSurge": 1, "maxUnavailable": 0}
    if service.stores:
        strategy = {"type": "Recreate"}
    deployment["spec"] = {
        "replicas": replicas,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": selector(name)},
        "strategy": strategy,
        "template": template,
    }
    return deployment


def _is_called(definition: Definition, name: str) -> bool:
    """Whether anybody connects to a service, so that it has an address and probes."""
    if name in (definition.entry.service, definition.load.service):
        return True
    return any(name in other.dependencies for other in definition.services.values())


def _service(definition: Definition, name: str, namespace: str) -> Json:
    service = _object("Service", name, namespace, _labels(definition, name))
    ports = [
        {"name": port.name, "port": port.port, "targetPort": port.port, "protocol": "TCP"}
        for port in definition.services[name].ports
    ]
    service["spec"] = {"type": "ClusterIP", "selector": selector(name), "ports": ports}
    return service


def _autoscaler(definition: Definition, name: str, namespace: str, bounds: tuple[int, int]) -> Json:
    scaler = _object("HorizontalPodAutoscaler", name, namespace, _labels(definition, name))
    target = {"type": "Utilization", "averageUtilization": 80}
    scaler["spec"] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": bounds[0],
        "maxReplicas": bounds[1],
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return scaler


def _budget(definition: Definition, name: str, namespace: str) -> Json:
    budget = _object("PodDisruptionBudget", name, namespace, _labels(definition, name))
    budget["spec"] = {"minAvailable": 1, "selector": {"matchLabels": selector(name)}}
    return budget


def _policy(definition: Definition, name: str, namespace: str) -> Json:
    policy = _object("NetworkPolicy", f"{name}-clients", namespace, _labels(definition, name))
    clients = [other for other, part in definition.services.items() if name in part.dependencies]
    sources: list[Any] = [{"podSelector": {"matchLabels": selector(client)}} for client in clients]
    ports = [{"protocol": "TCP", "port": port.port} for port in definition.services[name].ports[:1]]
    policy["spec"] = {
        "podSelector": {"matchLabels": selector(name)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": sources, "ports": ports}],
    }
    return policy
