"""A feature flag that breaks a service is switched on in flagd's config map."""

from __future__ import annotations

import json
import random

from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import workload_region
from opsrange.types import Json

_CONFIG_MAP = "flagd-config"
_FLAGS = (
    "adFailure",
    "paymentFailure",
    "paymentUnreachable",
    "productCatalogFailure",
    "adManualGc",
)
"""Flags whose effect users notice within minutes."""


def _flags(estate: Estate) -> tuple[str, Json]:
    """The key of the flag file and its content."""
    data = estate.operator.get("configmaps", estate.namespace, _CONFIG_MAP)["data"]
    key = next(name for name in data if name.endswith(".json"))
    content: Json = json.loads(data[key])
    return key, content


def _draw(estate: Estate, stream: random.Random) -> Json:
    _, content = _flags(estate)
    name = stream.choice([flag for flag in _FLAGS if flag in content["flags"]])
    flag = content["flags"][name]
    strongest = next(iter(flag["variants"])) if flag["variants"].get("on") is None else "on"
    return {"flag": name, "old": flag["defaultVariant"], "new": strongest}


def _set(estate: Estate, flag: str, variant: str) -> None:
    def edit(document: Json) -> None:
        key, content = _flags(estate)
        content["flags"][flag]["defaultVariant"] = variant
        document["data"][key] = json.dumps(content, indent=2)

    estate.operator.change("configmaps", estate.namespace, _CONFIG_MAP, edit)


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/ConfigMap/{_CONFIG_MAP}",
        mechanism=f"flag {params['flag']} was switched from {params['old']} to {params['new']}",
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    key, _ = _flags(estate)
    namespace = estate.namespace
    program = f'.data["{key}"] |= (fromjson | .flags["{params["flag"]}"].defaultVariant = "{params["old"]}" | tojson)'
    return Remedy(
        commands=(
            f"kubectl -n {namespace} get configmap {_CONFIG_MAP} -o yaml",
            f"kubectl -n {namespace} get configmap {_CONFIG_MAP} -o json | jq '{program}' | kubectl replace -f -",
        ),
        region=(rf"{namespace}/ConfigMap/{_CONFIG_MAP}", *workload_region(namespace, "flagd")),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (Fact("flag-state", (params["flag"], rf"defaultVariant:{params['new']}(?!\d)")),)


FAULT = Fault(
    title="Feature flag switched",
    family=Family.CONFIGURATION,
    draw=_draw,
    inject=lambda estate, params: _set(estate, params["flag"], params["new"]),
    remove=lambda estate, params: _set(estate, params["flag"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
