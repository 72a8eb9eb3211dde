"""A memory limit is set below what the process needs; the kernel kills it again and again."""

from __future__ import annotations

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

_MEBIBYTE = 1 << 20


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream, at_once=True)
    resources = container_of(deployment(estate, service))["resources"]
    needed_mib = estate.memory_bytes(service) / _MEBIBYTE
    limit = f"{max(4, round(needed_mib * stream.uniform(0.55, 0.8)))}Mi"
    return {"service": service, "old": resources, "limit": limit}


def _set(estate: Estate, service: str, resources: Json) -> None:
    def edit(document: Json) -> None:
        container_of(document)["resources"] = resources

    estate.operator.change("deployments", estate.namespace, service, edit)


def _inject(estate: Estate, params: Json) -> None:
    old = params["old"]
    lowered = {side: {**old[side], "memory": params["limit"]} for side in ("requests", "limits")}
    _set(estate, params["service"], lowered)


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism=f"memory limit {params['limit']} is below what the process needs; it is OOM-killed in a loop",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name, old = params["service"], params["old"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} describe pods -l app.kubernetes.io/name={name}",
            f"kubectl -n {estate.namespace} describe deployment/{name}",
            (
                f"kubectl -n {estate.namespace} set resources deployment/{name}"
                f" --limits=memory={old['limits']['memory']} --requests=memory={old['requests']['memory']}"
            ),
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
        allowed_paths=(
            rf"{estate.namespace}/Deployment/{name}:spec\.template\.spec\.containers\[.*\]\.resources\..*memory",
        ),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (
        Fact("oom-killed", (params["service"], "OOMKilled")),
        Fact("memory-limit", (rf"\b{params['limit']}\b",)),
    )


FAULT = Fault(
    title="Memory limit too low",
    family=Family.RESOURCES,
    draw=_draw,
    inject=_inject,
    remove=lambda estate, params: _set(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
