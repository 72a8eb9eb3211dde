"""A readiness probe asks a port on which nothing listens."""

from __future__ import annotations

import copy
import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import (
    choose_service,
    container_of,
    deployment,
    workload_aliases,
    workload_region,
)
from opsrange.types import Json

_HANDLERS = ("grpc", "tcpSocket", "httpGet")


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream, at_once=True)
    probe = container_of(deployment(estate, service))["readinessProbe"]
    listening = {
        port["containerPort"] for port in container_of(deployment(estate, service))["ports"]
    }
    port = next(
        port for port in stream.sample((8081, 8086, 9000, 8888, 3000), 5) if port not in listening
    )
    return {"service": service, "old": probe, "port": port}


def _set(estate: Estate, service: str, probe: Json) -> None:
    def edit(document: Json) -> None:
        container_of(document)["readinessProbe"] = probe

    estate.operator.change("deployments", estate.namespace, service, edit)


def _inject(estate: Estate, params: Json) -> None:
    probe = copy.deepcopy(params["old"])
    for handler in _HANDLERS:
        if handler in probe:
            probe[handler]["port"] = params["port"]
    _set(estate, params["service"], probe)


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism=f"the readiness probe asks port {params['port']}, where nothing listens",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} get events --field-selector reason=Unhealthy",
            f"kubectl -n {estate.namespace} rollout undo deployment/{name}",
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
        allowed_paths=(
            rf"{estate.namespace}/Deployment/{name}:spec\.template\.spec\.containers\[.*\]\.readinessProbe\..*port",
        ),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (Fact("probe-failure", ("Readiness probe failed", rf":{params['port']}\b")),)


FAULT = Fault(
    title="Readiness probe on a wrong port",
    family=Family.CONFIGURATION,
    draw=_draw,
    inject=_inject,
    remove=lambda estate, params: _set(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
