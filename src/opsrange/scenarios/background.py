"""Benign recent changes: what an investigator finds besides the cause.

Each is something a team does every day and none of it hurts. They are drawn from the seed and happen during the healthy
hour; others follow the fault, so that "the last change" is not the answer.
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import partial

from opsrange.estates import Estate
from opsrange.faults.workloads import container_of
from opsrange.types import MINUTE_MS, SECOND_MS, Json

Chore = Callable[[Estate, random.Random], None]


def schedule(estate: Estate, stream: random.Random, count: int, until_ms: int) -> None:
    """Put ``count`` chores into the hour before ``until_ms``.

    Args:
        estate: at the beginning of its healthy hour.
        stream: draws which, where and when.
        count: how many.
        until_ms: the last of them happens some minutes before.
    """
    chores: Sequence[Chore] = stream.sample(_CHORES, count)
    for chore in chores:
        when_ms = until_ms - stream.randint(6, 50) * MINUTE_MS - stream.randint(0, 59) * 1_000
        estate.kernel.at(when_ms, partial(chore, estate, stream))


def schedule_late(estate: Estate, stream: random.Random) -> None:
    """Some more within two minutes of the fault, of whatever kind the fault may be. They start no pod."""
    for chore in stream.sample(_LATE_CHORES, _LATE):
        when_ms = estate.kernel.now_ms + stream.randint(15, 90) * SECOND_MS
        estate.kernel.at(when_ms, partial(chore, estate, stream))


def _add_credential(estate: Estate, stream: random.Random) -> None:
    name = f"{stream.choice(('partner', 'audit', 'export', 'newsletter'))}-api-key"
    token = b64encode(f"{stream.getrandbits(128):032x}".encode()).decode()
    metadata = {"name": name, "namespace": estate.namespace}
    secret: Json = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque"}
    estate.operator.create({**secret, "metadata": metadata, "data": {"api-key": token}})


def _shorten_history(estate: Estate, stream: random.Random) -> None:
    def edit(document: Json) -> None:
        document["spec"]["revisionHistoryLimit"] = stream.choice((5, 6, 8))

    estate.operator.change(
        "deployments", estate.namespace, stream.choice(estate.critical_services), edit
    )


def _note(plural: str, name: str, key: str, value: str) -> Chore:
    def change(estate: Estate, stream: random.Random) -> None:
        def edit(document: Json) -> None:
            document["metadata"].setdefault("annotations", {})[f"corp.example/{key}"] = value

        target = name or stream.choice(estate.critical_services)
        estate.operator.change(plural, estate.namespace, target, edit)

    return change


def _bystander(estate: Estate, stream: random.Random) -> str:
    return stream.choice(("email", "accounting", "fraud-detection", "llm"))


def _set_log_level(estate: Estate, stream: random.Random) -> None:
    level = stream.choice(("info", "warn"))

    def edit(document: Json) -> None:
        container_of(document).setdefault("env", []).append({"name": "LOG_LEVEL", "value": level})

    estate.operator.change("deployments", estate.namespace, _bystander(estate, stream), edit)


def _annotate_owner(estate: Estate, stream: random.Random) -> None:
    team = stream.choice(("payments", "storefront", "platform", "growth"))

    def edit(document: Json) -> None:
        document["metadata"].setdefault("annotations", {})["corp.example/owner"] = team

    estate.operator.change(
        "deployments", estate.namespace, stream.choice(estate.critical_services), edit
    )


def _raise_cpu_request(estate: Estate, stream: random.Random) -> None:
    def edit(document: Json) -> None:
        requests = container_of(document).setdefault("resources", {}).setdefault("requests", {})
        requests["cpu"] = stream.choice(("45m", "55m", "65m"))

    estate.operator.change("deployments", estate.namespace, _bystander(estate, stream), edit)


def _add_banner(estate: Estate, stream: random.Random) -> None:
    text = stream.choice(
        ("Free shipping this week", "New telescopes in stock", "Summer sale starts soon")
    )
    estate.operator.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "storefront-banner", "namespace": estate.namespace},
            "data": {"banner.txt": text},
        }
    )


def _label_namespace(estate: Estate, stream: random.Random) -> None:
    def edit(document: Json) -> None:
        document["metadata"].setdefault("labels", {})["corp.example/cost-centre"] = str(
            stream.randint(4100, 4900)
        )

    estate.operator.change("namespaces", "", estate.namespace, edit)


_CHORES: Sequence[Chore] = (
    _set_log_level,
    _annotate_owner,
    _raise_cpu_request,
    _add_banner,
    _label_namespace,
)
_LATE = 3
"""How many changes follow the fault."""
_LATE_CHORES: Sequence[Chore] = (
    _add_credential,
    _annotate_owner,
    _shorten_history,
    _note("services", "", "runbook", "https://wiki.corp.example/runbooks/shop"),
    _note("configmaps", "flagd-config", "reviewed", "quarterly"),
    _note("resourcequotas", "compute", "reviewed", "quarterly"),
)
