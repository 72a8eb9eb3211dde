"""What is installed runs, is as old as it says, serves its users for an hour and pages nobody."""

from __future__ import annotations

from typing import Any

import pytest

from opsrange.estates import Estate
from opsrange.types import HOUR_MS, MINUTE_MS, parse_rfc3339
from opsrange.world import branch

DAY_MS = 24 * HOUR_MS


def test_everything_that_is_installed_runs(estate: Estate) -> None:
    pods = estate.operator.list("pods")
    conditions = [
        {item["type"]: item["status"] for item in pod["status"]["conditions"]} for pod in pods
    ]
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert {each["Ready"] for each in conditions} == {"True"}
    for deployment in estate.operator.list("deployments"):
        assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"]


def test_it_is_as_old_as_it_says(estate: Estate) -> None:
    for plural in ("nodes", "deployments", "services"):
        for document in estate.operator.list(plural):
            made_ms = parse_rfc3339(document["metadata"]["creationTimestamp"])
            assert estate.kernel.now_ms - made_ms >= 15 * DAY_MS


def test_some_services_were_released_since(estate: Estate) -> None:
    revisions = {
        document["metadata"]["name"]: document["metadata"]["annotations"][
            "deployment.kubernetes.io/revision"
        ]
        for document in estate.operator.list("deployments", estate.namespace)
    }
    released = {name for name, revision in revisions.items() if revision != "1"}
    assert released == {service for service, _ in estate.variant.releases}


@pytest.mark.parametrize("seed", ["one", "another"])
def test_an_hour_passes_without_trouble(seed: str) -> None:
    def live() -> dict[str, Any]:
        estate = Estate(seed)
        paged = []
        for _ in range(12):
            estate.advance(5 * MINUTE_MS)
            paged += estate.paging_alerts()
        return {
            "paged": paged,
            "worst": min(estate.health(HOUR_MS).values()),
            "defects": list(estate.cluster.defects),
            "harmless": {alert.name for alert in estate.telemetry.alerts.firing()},
            "replaced": [
                pod["metadata"]["name"]
                for pod in estate.operator.list("pods")
                if any(status["restartCount"] for status in pod["status"]["containerStatuses"])
            ],
        }

    hour = branch(live)
    assert hour["paged"] == []
    assert hour["worst"] >= 0.99
    assert hour["defects"] == []
    assert hour["replaced"] == []
    assert "KubeClientCertificateExpiration" in hour["harmless"]
