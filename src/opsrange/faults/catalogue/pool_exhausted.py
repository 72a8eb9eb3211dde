"""A release shrinks a connection pool below what the traffic needs."""

from __future__ import annotations

import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import (
    deployment,
    environment,
    set_variable,
    workload_aliases,
    workload_region,
)
from opsrange.types import Json

_VARIABLE = "DB_POOL_MAX"
_SERVICES = ("product-catalog", "product-reviews")


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = stream.choice(_SERVICES)
    old = dict(environment(deployment(estate, service)))[_VARIABLE]
    return {"service": service, "old": old, "new": "1"}


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism=f"{_VARIABLE} was lowered from {params['old']} to {params['new']}; requests wait for a connection",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} logs deployment/{name} --tail=40",
            f"kubectl -n {estate.namespace} set env deployment/{name} --list",
            f"kubectl -n {estate.namespace} set env deployment/{name} {_VARIABLE}={params['old']}",
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (Fact("pool-size", (rf"{_VARIABLE}(,?\s*value)?:\s*{params['new']}\b",)),)


FAULT = Fault(
    title="Connection pool exhausted by configuration",
    family=Family.CAPACITY,
    draw=_draw,
    inject=lambda estate, params: set_variable(estate, params["service"], _VARIABLE, params["new"]),
    remove=lambda estate, params: set_variable(estate, params["service"], _VARIABLE, params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
