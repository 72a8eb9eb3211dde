"""A telemetry with nothing around it, and short ways to ask it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsrange.telemetry import Telemetry
from opsrange.wire import Handler, Request, Response
from opsrange.world import Kernel

START_MS = 1_700_000_100_000

RULES = """
groups:
- name: test
  rules:
  - record: job:load:sum
    expr: sum by (job) (load)
  - alert: LoadHigh
    expr: load > 10
    for: 1m
    labels: {severity: warning}
    annotations: {summary: 'Load of {{ $labels.job }} is {{ $value | printf "%.1f" }}.'}
  - alert: LoadSticky
    expr: load > 10
    keep_firing_for: 2m
    labels: {severity: critical}
"""


class World:
    """One telemetry with its kernel."""

    def __init__(self, rules: str = RULES) -> None:
        self.kernel = Kernel("seed", START_MS)
        self.telemetry = Telemetry(self.kernel, rules)
        self.metrics = self.telemetry.metrics

    def advance(self, seconds: float) -> None:
        self.kernel.advance_to(self.kernel.now_ms + round(seconds * 1000))

    def scrape(self, seconds: float = 15) -> None:
        self.kernel.now_ms += round(seconds * 1000)
        self.metrics.scrape()

    def query(self, expression: str, **more: str) -> dict[str, float]:
        """Label text without the name to value, of an instant vector."""
        status, document = self.get(
            self.telemetry.prometheus, "/api/v1/query", query=expression, **more
        )
        assert status == 200, document
        data = document["data"]
        assert data["resultType"] == "vector", data
        return {
            ",".join(f"{k}={v}" for k, v in row["metric"].items() if k != "__name__"): float(
                row["value"][1]
            )
            for row in data["result"]
        }

    def get(self, handler: Handler, path: str, **query: str) -> tuple[int, Any]:
        return self.send(handler, Request("GET", path, {k: [v] for k, v in query.items()}))

    def send(self, handler: Handler, request: Request) -> tuple[int, Any]:
        response = handler.handle(request)
        assert isinstance(response, Response)
        is_json = response.content_type == "application/json" and response.body
        return response.status, json.loads(response.body) if is_json else response.body

    def post(self, path: str, document: Any) -> tuple[int, Any]:
        body = json.dumps(document).encode()
        return self.send(self.telemetry.alertmanager, Request("POST", path, body=body))


@pytest.fixture
def world() -> World:
    return World()
