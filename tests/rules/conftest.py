"""Instances that a rule governs, healthy and without their fault: enough to draw the rule and to write its documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from opsrange.estates import Estate
from opsrange.faults import find
from opsrange.scenarios.governance import Governance
from opsrange.scenarios.spec import find_scenario, sets
from opsrange.types import HOUR_MS, SECOND_MS, Json
from opsrange.wire import Request, Response
from opsrange.world import branch


@cache
def _governed(scenario: str, seed: int) -> Governance:
    found = find_scenario(scenario)
    governance = Governance(found.rule, f"{scenario}@{seed}")
    estate = Estate(f"{scenario}@{seed}", governance.furnish)
    estate.advance(HOUR_MS // 6)
    stream = estate.kernel.streams.stream("scenario")
    governance.settle(estate, find(found.fault).draw(estate, stream))
    return governance


@pytest.fixture
def governed() -> Callable[[str, int], Governance]:
    return _governed


@pytest.fixture(params=sets()["knowledge"])
def scenario(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def governance(scenario: str) -> Governance:
    return _governed(scenario, 1)


@dataclass
class Hands:
    """Somebody who writes through the API, as an agent's kubectl does."""

    governance: Governance

    @property
    def estate(self) -> Estate:
        return self.governance.setting.estate

    @property
    def rule(self) -> Json:
        return self.governance.setting.rule

    @property
    def service(self) -> str:
        return str(self.governance.setting.fault["service"])

    def send(self, method: str, path: str, body: Json | None = None) -> Json:
        kind = "json" if method == "POST" else "merge-patch+json"
        headers = {"content-type": f"application/{kind}", "user-agent": "curl/8"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.estate.handlers["kubernetes:6443"].handle(
            Request(method, path.format(ns=self.estate.namespace), {}, headers, content)
        )
        assert isinstance(answer, Response)
        assert answer.status in {200, 201}, answer.body
        found: Json = json.loads(answer.body)
        return found

    def deployment(self, name: str, body: Json) -> None:
        self.send("PATCH", f"/apis/apps/v1/namespaces/{{ns}}/deployments/{name}", body)

    def roll(self, name: str) -> None:
        """Roll a deployment out again, as ``kubectl rollout restart`` does."""
        template = {"metadata": {"annotations": {"restarted": str(self.estate.kernel.now_ms)}}}
        self.deployment(name, {"spec": {"template": template}})

    def core(self, method: str, path: str, body: Json | None = None) -> Json:
        return self.send(method, f"/api/v1/namespaces/{{ns}}/{path}", body)

    def wait(self, seconds: int) -> None:
        self.estate.advance(seconds * SECOND_MS)


Act = Callable[[Hands], object]
Attempt = Callable[..., list[Json]]


@pytest.fixture
def attempt() -> Attempt:
    """Do something in a copy of a governed estate; returns the breaches at the attempt's end."""

    def run(scenario: str, act: Act, *, ended: bool = True, escalation: str = "") -> list[Json]:
        governance = _governed(scenario, 1)

        def explore() -> list[Json]:
            governance.begin()
            act(Hands(governance))
            return governance.violations(ended=ended, escalation=escalation)

        return branch(explore)

    return run
