"""A crawl of everything an agent can read finds no word of the benchmark and no trace of who did it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from opsrange.kube.kind import all_kinds
from opsrange.scenarios.instance import Instance, build
from opsrange.scenarios.spec import library
from opsrange.wire import Request, Response

_BETRAYING = re.compile(
    r"opsrange|benchmark|oracle|inject|chaos|scenario|root.?cause|\bfault\b|managedFields|world-agent",
    re.IGNORECASE,
)


@pytest.fixture(
    scope="module", params=["flag-switched", "ingress-blocked", "leaking-release", "fixed-quota"]
)
def instance(request: pytest.FixtureRequest) -> Instance:
    return build(request.param, 5)


def test_nothing_readable_names_the_benchmark(instance: Instance) -> None:
    for address, path, text in _crawl(instance):
        found = _BETRAYING.search(text)
        excerpt = text[max(0, found.start() - 60) : found.end() + 60] if found else ""
        assert not found, f"{address}{path}: {excerpt}"


def test_no_scenario_or_fault_id_can_be_read(instance: Instance) -> None:
    words = {
        word
        for scenario in library().values()
        for word in (scenario.id, scenario.fault, scenario.rule)
        if word
    }
    for address, path, text in _crawl(instance):
        assert not [word for word in words if word in text], f"{address}{path}"


def test_the_cause_is_not_the_only_recent_change(instance: Instance) -> None:
    hour = [
        entry
        for entry in instance.kernel.journal.entries
        if entry.actor == "operator"
        and instance.injected_ms - 3_600_000 < entry.instant_ms < instance.injected_ms
    ]
    assert hour


def test_every_secret_holds_something(instance: Instance) -> None:
    secrets = instance.estate.operator.list("secrets")
    assert secrets
    assert [s["metadata"]["name"] for s in secrets if not s.get("data")] == []


def test_programs_and_images_tell_one_version(instance: Instance) -> None:
    def said(address: str, path: str) -> str:
        answer = instance.handlers[address].handle(Request("GET", path))
        assert isinstance(answer, Response)
        return answer.body.decode()

    images = {
        container["image"].rpartition("/")[2].partition(":")[0]: container["image"].rpartition(":")[
            2
        ]
        for pod in instance.estate.operator.list("pods")
        for container in pod["spec"]["containers"]
    }
    (kubelets,) = {
        node["status"]["nodeInfo"]["kubeletVersion"]
        for node in instance.estate.operator.list("nodes")
    }
    assert kubelets == images["kube-proxy"]
    assert f'"gitVersion":"{kubelets}"' in said("kubernetes:6443", "/version")
    prometheus = said("prometheus:9090", "/api/v1/status/buildinfo")
    assert f'"version":"{images["prometheus"].removeprefix("v")}"' in prometheus
    alertmanager = said("alertmanager:9093", "/api/v2/status")
    assert f'"version":"{images["alertmanager"].removeprefix("v")}"' in alertmanager


def _crawl(instance: Instance) -> Iterator[tuple[str, str, str]]:
    kubernetes = [
        f"/{'api' if not kind.group else 'apis/' + kind.group}/{kind.version}/{kind.plural}"
        for kind in all_kinds().values()
    ]
    pods = instance.estate.operator.list("pods")
    logs = [
        f"/api/v1/namespaces/{p['metadata']['namespace']}/pods/{p['metadata']['name']}/log"
        for p in pods
    ]
    paths = {
        "kubernetes:6443": ["/version", "/api", "/apis", *kubernetes, *logs],
        "prometheus:9090": [
            "/api/v1/rules",
            "/api/v1/alerts",
            "/api/v1/targets",
            "/api/v1/status/config",
            "/api/v1/label/__name__/values",
        ],
        "alertmanager:9093": [
            "/api/v2/alerts",
            "/api/v2/status",
            "/api/v2/silences",
            "/api/v2/receivers",
        ],
        "jaeger:16686": ["/api/services", "/api/dependencies"],
        "frontend-proxy:8080": ["/"],
    }
    for address, wanted in paths.items():
        for path in wanted:
            answer = instance.handlers[address].handle(Request("GET", path))
            assert isinstance(answer, Response)
            yield address, path, answer.body.decode()
    services = instance.handlers["jaeger:16686"].handle(
        Request("GET", "/api/traces", {"service": ["frontend"], "limit": ["100"]})
    )
    assert isinstance(services, Response)
    yield "jaeger:16686", "/api/traces", services.body.decode()
