"""A resource quota is lowered below what is in use; pods that go do not come back."""

from __future__ import annotations

import json
import random

from opsrange.errors import AuthorError
from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import choose_service
from opsrange.types import Json


def _draw(estate: Estate, stream: random.Random) -> Json:
    quotas = estate.operator.list("resourcequotas", estate.namespace)
    if not quotas:
        raise AuthorError("asked for a resource quota; the estate has none")
    quota = quotas[0]
    used = int(quota["status"]["used"]["pods"])
    hard = quota["spec"]["hard"]
    lowered = {**hard, "pods": str(used - stream.randint(4, 8))}
    return {
        "service": choose_service(estate, stream),
        "quota": quota["metadata"]["name"],
        "old": hard,
        "new": lowered,
    }


def _set(estate: Estate, name: str, hard: Json) -> None:
    def edit(document: Json) -> None:
        document["spec"]["hard"] = hard

    estate.operator.change("resourcequotas", estate.namespace, name, edit)


def _inject(estate: Estate, params: Json) -> None:
    """Lower the quota, then lose a service's pods the way a node's maintenance does."""
    _set(estate, params["quota"], params["new"])
    for pod in estate.pods_of(params["service"]):
        estate.operator.delete("pods", estate.namespace, pod["metadata"]["name"])


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/ResourceQuota/{params['quota']}",
        mechanism=f"pods quota was lowered from {params['old']['pods']} to {params['new']['pods']}, below what is in use",
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    quota = params["quota"]
    patch = json.dumps({"spec": {"hard": {"pods": params["old"]["pods"]}}})
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} get events --field-selector reason=FailedCreate",
            f"kubectl -n {estate.namespace} describe resourcequota {quota}",
            f"kubectl -n {estate.namespace} patch resourcequota {quota} --type=merge -p '{patch}'",
            f"kubectl -n {estate.namespace} rollout status deployment/{params['service']} --timeout=300s",
        ),
        region=(
            rf"{estate.namespace}/ResourceQuota/{quota}",
            rf"{estate.namespace}/Deployment/{params['service']}",
        ),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (Fact("quota-exceeded", ("exceeded quota", params["quota"])),)


FAULT = Fault(
    title="Quota exhausted",
    family=Family.RESOURCES,
    draw=_draw,
    inject=_inject,
    remove=lambda estate, params: _set(estate, params["quota"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
