"""A network policy lets nobody in who needs to come in."""

from __future__ import annotations

import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import choose_service, deployment
from opsrange.types import Json

_PEERS = ({"role": "gateway"}, {"access": "internal"}, {"zone": "trusted"}, {"team": "core"})


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream)
    target = deployment(estate, service)
    labels = target["spec"]["selector"]["matchLabels"]
    name = f"{service}-{stream.choice(('ingress', 'access', 'allow', 'segmentation'))}"
    while estate.operator.find("networkpolicies", estate.namespace, name) is not None:
        name += "-v2"
    return {
        "service": service,
        "name": name,
        "labels": labels,
        "own_labels": target["metadata"].get("labels", {}),
        "peer": stream.choice(_PEERS),
    }


def _inject(estate: Estate, params: Json) -> None:
    estate.operator.create(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": params["name"],
                "namespace": estate.namespace,
                "labels": params["own_labels"],  # like every other policy's
            },
            "spec": {
                "podSelector": {"matchLabels": params["labels"]},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": params["peer"]}}]}],
            },
        }
    )


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/NetworkPolicy/{params['name']}",
        mechanism=f"the policy admits only pods labelled {params['peer']}, which no caller of {params['service']} is",
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["name"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} get networkpolicies",
            f"kubectl -n {estate.namespace} describe networkpolicy {name}",
            f"kubectl -n {estate.namespace} delete networkpolicy {name}",
        ),
        region=(rf"{estate.namespace}/NetworkPolicy/{name}",),
        allowed_paths=(rf"{estate.namespace}/NetworkPolicy/{name}:.*",),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    key, value = next(iter(params["peer"].items()))
    return (Fact("policy", (params["name"],)), Fact("policy-peers", (params["name"], key, value)))


FAULT = Fault(
    title="Network policy blocking ingress",
    family=Family.NETWORK,
    draw=_draw,
    inject=_inject,
    remove=lambda estate, params: estate.operator.delete(
        "networkpolicies", estate.namespace, params["name"]
    ),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
