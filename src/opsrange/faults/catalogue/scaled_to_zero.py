"""A workload is scaled to zero."""

from __future__ import annotations

import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import choose_service, deployment, workload_aliases, workload_region
from opsrange.types import Json


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream)
    return {"service": service, "old": deployment(estate, service)["spec"]["replicas"]}


def _scale(estate: Estate, service: str, replicas: int) -> None:
    def edit(document: Json) -> None:
        document["spec"]["replicas"] = replicas

    estate.operator.change("deployments", estate.namespace, service, edit)


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism="the deployment was scaled to zero replicas",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} get deployments",
            f"kubectl -n {estate.namespace} scale deployment/{name} --replicas={params['old']}",
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (
        Fact("scaled-down", (rf"Scaled down replica set {params['service']}-\w+ from \d+ to 0\b",)),
    )


FAULT = Fault(
    title="Workload scaled to zero",
    family=Family.CAPACITY,
    draw=_draw,
    inject=lambda estate, params: _scale(estate, params["service"], 0),
    remove=lambda estate, params: _scale(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
