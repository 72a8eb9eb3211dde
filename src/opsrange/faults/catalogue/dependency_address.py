"""A service is told a wrong address of one it depends on."""

from __future__ import annotations

import random
import re

from opsrange.errors import AuthorError
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

_ADDRESS = re.compile(r"(?P<scheme>http://)?(?P<host>[a-z][a-z0-9-]*):(?P<port>\d+)")


def _draw(estate: Estate, stream: random.Random) -> Json:
    candidates = [
        (service, name, match)
        for service in estate.critical_services
        for name, value in environment(deployment(estate, service))
        if (match := _ADDRESS.fullmatch(value))
        and match["host"] in {*estate.critical_services, "valkey-cart"}
    ]
    if not candidates:
        raise AuthorError(
            "asked for a dependency address; no critical service has one in its environment"
        )
    service, variable, match = stream.choice(candidates)
    host, port = match["host"], match["port"]
    wrong = stream.choice(
        (
            f"{host}-internal:{port}",
            f"{host}.{estate.namespace}-blue:{port}",
            f"{host}:{int(port) + 10}",
            f"{host}-v2:{port}",
        )
    )
    scheme = match["scheme"] or ""
    return {"service": service, "variable": variable, "old": match[0], "new": scheme + wrong}


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism=f"environment variable {params['variable']} was changed from {params['old']} to {params['new']}",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name, variable = params["service"], params["variable"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} logs deployment/{name} --tail=40",
            f"kubectl -n {estate.namespace} set env deployment/{name} --list",
            f"kubectl -n {estate.namespace} set env deployment/{name} {variable}={params['old']}",
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (Fact("address-in-use", (rf"{params['variable']}(,?\s*value)?:\s*{params['new']}\b",)),)


FAULT = Fault(
    title="Dependency address changed",
    family=Family.CONFIGURATION,
    draw=_draw,
    inject=lambda estate, params: set_variable(
        estate, params["service"], params["variable"], params["new"]
    ),
    remove=lambda estate, params: set_variable(
        estate, params["service"], params["variable"], params["old"]
    ),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
