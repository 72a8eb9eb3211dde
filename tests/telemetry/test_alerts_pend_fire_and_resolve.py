"""An alert pends for its time, fires, is journalled, and resolves; what it writes can be queried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opsrange.errors import AuthorError
from opsrange.telemetry import Telemetry, default_rules
from opsrange.telemetry.ruleset import read_rules
from opsrange.world import Kernel

if TYPE_CHECKING:
    from tests.telemetry.conftest import World


def loaded(world: World, value: list[float]) -> None:
    world.telemetry.start()
    world.metrics.collector(lambda: world.metrics.gauge("load", {"job": "a"}, value[0]))


def states(world: World, name: str) -> list[str]:
    return [alert.state for alert in world.telemetry.alerts.active() if alert.name == name]


def test_for_delays_firing_and_recovery_resolves(world: World) -> None:
    value = [20.0]
    loaded(world, value)
    world.advance(30)
    assert states(world, "LoadHigh") == ["pending"]
    world.advance(60)
    assert states(world, "LoadHigh") == ["firing"]
    assert world.telemetry.alerts.firing()[0].annotations == {"summary": "Load of a is 20.0."}
    value[0] = 1
    world.advance(30)
    assert states(world, "LoadHigh") == []
    changes = [
        (entry.data["state"], entry.actor)
        for entry in world.kernel.journal.entries
        if entry.topic == "alert" and entry.data["labels"]["alertname"] == "LoadHigh"
    ]
    assert changes == [(s, "prometheus") for s in ("pending", "firing", "resolved")]


def test_a_blip_shorter_than_for_never_fires(world: World) -> None:
    value = [20.0]
    loaded(world, value)
    world.advance(60)
    value[0] = 1
    world.advance(120)
    assert states(world, "LoadHigh") == []
    assert "LoadHigh" not in str(
        [e.data for e in world.kernel.journal.entries if e.data.get("state") == "firing"]
    )


def test_keep_firing_for_outlasts_the_cause(world: World) -> None:
    value = [20.0]
    loaded(world, value)
    world.advance(30)
    assert states(world, "LoadSticky") == ["firing"]
    value[0] = 1
    world.advance(90)
    assert states(world, "LoadSticky") == ["firing"]
    world.advance(60)
    assert states(world, "LoadSticky") == []


def test_alerts_and_recordings_are_series_that_end(world: World) -> None:
    value = [20.0]
    loaded(world, value)
    world.advance(105)
    alert = 'ALERTS{alertname="LoadHigh"}'
    assert world.query(alert) == {"alertname=LoadHigh,alertstate=firing,job=a,severity=warning": 1}
    assert world.query("job:load:sum") == {"job=a": 20}
    value[0] = 2
    world.advance(45)
    assert world.query(alert) == {}
    assert world.query("job:load:sum") == {"job=a": 2}


def test_the_rules_api_shows_state_and_value(world: World) -> None:
    loaded(world, [20.0])
    world.advance(30)
    _, document = world.get(world.telemetry.prometheus, "/api/v1/rules", type="alert")
    rules = {rule["name"]: rule for rule in document["data"]["groups"][0]["rules"]}
    assert rules["LoadHigh"]["state"] == "pending"
    assert rules["LoadHigh"]["duration"] == 60
    assert rules["LoadHigh"]["alerts"][0]["value"] == "2e+01"
    assert rules["LoadSticky"]["state"] == "firing"


def test_a_rule_that_fails_is_unhealthy_and_the_others_go_on() -> None:
    rules = """
groups:
- name: g
  rules:
  - {alert: Broken, expr: 'mad_over_time(x[5m]) > 0'}
  - {alert: Watchdog, expr: vector(1)}
"""
    kernel = Kernel("seed", 1_700_000_100_000)
    telemetry = Telemetry(kernel, rules)
    telemetry.start()
    kernel.advance_to(kernel.now_ms + 60_000)
    broken, watchdog = telemetry.alerts.groups[0].rules
    assert (broken.health, watchdog.health) == ("err", "ok")
    assert "mad_over_time" in broken.error
    assert [alert.name for alert in telemetry.alerts.firing()] == ["Watchdog"]


@pytest.mark.parametrize(
    "text",
    [
        "groups: [{name: g, rules: [{alert: A, expr: 'sum('}]}]",
        "groups: [{name: g, rules: [{alert: A, expr: x, fro: 5m}]}]",
        "groups: [{name: g, rules: [{alert: A, expr: x, for: soon}]}]",
        "rules: []",
        "groups: [",
    ],
)
def test_rules_that_cannot_be_read_are_the_authors_error(text: str) -> None:
    with pytest.raises(AuthorError):
        read_rules(text)


def test_an_idle_estate_fires_the_watchdog_alone() -> None:
    kernel = Kernel("seed", 1_700_000_100_000)
    telemetry = Telemetry(kernel, default_rules())
    telemetry.start()
    kernel.advance_to(kernel.now_ms + 1_800_000)
    assert [alert.name for alert in telemetry.alerts.active()] == ["Watchdog"]
    assert all(s.health == "ok" for g in telemetry.alerts.groups for s in g.rules)
