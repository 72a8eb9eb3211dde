"""A service sends traffic to a port on which its pods do not listen."""

from __future__ import annotations

import json
import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import choose_service, container_of, deployment
from opsrange.types import Json


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream)
    old = estate.operator.get("services", estate.namespace, service)["spec"]["ports"][0][
        "targetPort"
    ]
    listening = {
        port["containerPort"] for port in container_of(deployment(estate, service))["ports"]
    }
    new = next(
        port for port in stream.sample((8080, 9000, 5000, 8000, 50052), 5) if port not in listening
    )
    return {"service": service, "old": old, "new": new}


def _set(estate: Estate, service: str, port: int | str) -> None:
    def edit(document: Json) -> None:
        document["spec"]["ports"][0]["targetPort"] = port

    estate.operator.change("services", estate.namespace, service, edit)


def _cause(estate: Estate, params: Json) -> Cause:
    name = params["service"]
    return Cause(
        entity=f"{estate.namespace}/Service/{name}",
        mechanism=f"targetPort was changed from {params['old']} to {params['new']}, where nothing listens",
        aliases=(rf"{estate.namespace}/(Endpoints|EndpointSlice)/{name}(-[a-z0-9]+)?",),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    patch = json.dumps(
        [{"op": "replace", "path": "/spec/ports/0/targetPort", "value": params["old"]}]
    )
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} get service {name} -o yaml",
            f"kubectl -n {estate.namespace} get deployment {name} -o yaml",
            f"kubectl -n {estate.namespace} patch service {name} --type=json -p '{patch}'",
            f"kubectl -n {estate.namespace} get endpoints {name}",
        ),
        region=(
            rf"{estate.namespace}/Service/{name}",
            rf"{estate.namespace}/Deployment/{name}",
        ),
        allowed_paths=(rf"{estate.namespace}/Service/{name}:spec\.ports.*",),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (Fact("target-port", (params["service"], rf"[tT]argetPort:\s*{params['new']}\b")),)


FAULT = Fault(
    title="Service target port changed",
    family=Family.NETWORK,
    draw=_draw,
    inject=lambda estate, params: _set(estate, params["service"], params["new"]),
    remove=lambda estate, params: _set(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
