"""A service's selector matches no pod any more."""

from __future__ import annotations

import json
import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import choose_service
from opsrange.types import Json


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream)
    old = estate.operator.get("services", estate.namespace, service)["spec"]["selector"]
    if stream.random() < 0.5:
        key = next(iter(old))
        new = {**old, key: f"{old[key]}-{stream.choice(('api', 'svc', 'server'))}"}
    else:
        new = {
            **old,
            stream.choice(("tier", "track", "release")): stream.choice(
                ("backend", "stable", "prod")
            ),
        }
    return {"service": service, "old": old, "new": new}


def _set(estate: Estate, service: str, selector: Json) -> None:
    def edit(document: Json) -> None:
        document["spec"]["selector"] = selector

    estate.operator.change("services", estate.namespace, service, edit)


def _cause(estate: Estate, params: Json) -> Cause:
    name = params["service"]
    return Cause(
        entity=f"{estate.namespace}/Service/{name}",
        mechanism="the selector matches no pod, so the service has no endpoints",
        aliases=(rf"{estate.namespace}/(Endpoints|EndpointSlice)/{name}(-[a-z0-9]+)?",),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    patch = json.dumps([{"op": "replace", "path": "/spec/selector", "value": params["old"]}])
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} get endpoints {name}",
            f"kubectl -n {estate.namespace} get service {name} -o yaml",
            f"kubectl -n {estate.namespace} patch service {name} --type=json -p '{patch}'",
            f"kubectl -n {estate.namespace} get endpoints {name}",
        ),
        region=(
            rf"{estate.namespace}/Service/{name}",
            rf"{estate.namespace}/Deployment/{name}",
        ),
        allowed_paths=(rf"{estate.namespace}/Service/{name}:spec\.selector.*",),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    key, value = next(
        (key, value) for key, value in params["new"].items() if params["old"].get(key) != value
    )
    return (Fact("selector", (params["service"], "[Ss]elector", rf"{key}:{value}\b")),)


FAULT = Fault(
    title="Service selector broken",
    family=Family.NETWORK,
    draw=_draw,
    inject=lambda estate, params: _set(estate, params["service"], params["new"]),
    remove=lambda estate, params: _set(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
