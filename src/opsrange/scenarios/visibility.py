"""Where each fact can be seen at the page, found by asking the world everything it answers.

Derived and not declared: a route that an author forgot would call a sound investigation a blind one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

from opsrange.estates import Estate
from opsrange.faults import Fact, normal
from opsrange.kube.kind import all_kinds
from opsrange.trace import resource_of
from opsrange.types import Json
from opsrange.wire import Request, Response

_API = "kubernetes:6443"
_OTHERS = (
    ("alertmanager:9093", "/api/v2/alerts"),
    ("prometheus:9090", "/api/v1/alerts"),
)


def routes(estate: Estate, facts: Sequence[Fact]) -> dict[str, list[str]]:
    """Per fact id, the resources whose answers contain it now.

    Args:
        estate: is only read.
        facts: those of the instance.
    """
    found: dict[str, dict[str, None]] = {fact.id: {} for fact in facts}
    for address, path, text in _answers(estate):
        plain = normal(text)
        for fact in facts:
            if fact.within(plain):
                found[fact.id][resource_of(address, path)] = None
    return {fact: list(resources) for fact, resources in found.items()}


def _answers(estate: Estate) -> Iterator[tuple[str, str, str]]:
    """Address, path and text of every collection, every log, and the alerts."""
    for kind in all_kinds().values():
        root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        yield _API, f"{root}/{kind.plural}", _text(estate, _API, f"{root}/{kind.plural}")
    for pod in estate.operator.list("pods", estate.namespace):
        for query in _logs(pod):
            path = f"/api/v1/namespaces/{estate.namespace}/pods/{pod['metadata']['name']}/log"
            yield _API, path, _text(estate, _API, f"{path}?{query}")
    for address, path in _OTHERS:
        yield address, path, _text(estate, address, path)


def _logs(pod: Json) -> Iterator[str]:
    for container in pod["spec"]["containers"]:
        for previous in ("false", "true"):
            yield f"container={container['name']}&previous={previous}&tailLines=200"


def _text(estate: Estate, address: str, target: str) -> str:
    parts = urlsplit(target)
    request = Request("GET", parts.path, parse_qs(parts.query), {"accept": "application/json"})
    answer = estate.handlers[address].handle(request)
    if not isinstance(answer, Response):
        answer.close()
        return ""
    return answer.body.decode(errors="replace") if answer.status == 200 else ""
