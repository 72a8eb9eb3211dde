"""Alertmanager's API: silences mute alerts for their time, and whoever made them is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsrange.telemetry.api.alertmanager import fingerprint
from opsrange.types import rfc3339
from opsrange.wire import Request

if TYPE_CHECKING:
    from tests.telemetry.conftest import World


def silence(world: World, **changes: Any) -> dict[str, Any]:
    now_ms = world.kernel.now_ms
    return {
        "matchers": [{"name": "alertname", "value": "Load.*", "isRegex": True}],
        "startsAt": rfc3339(now_ms),
        "endsAt": rfc3339(now_ms + 600_000),
        "createdBy": "me",
        "comment": "",
        **changes,
    }


def firing(world: World) -> None:
    world.telemetry.start()
    world.metrics.collector(lambda: world.metrics.gauge("load", {"job": "a"}, 20))
    world.advance(120)


def listed(world: World, **query: str) -> list[tuple[str, str]]:
    _, document = world.get(world.telemetry.alertmanager, "/api/v2/alerts", **query)
    return sorted((a["labels"]["alertname"], a["status"]["state"]) for a in document)


def test_a_silence_mutes_until_it_ends(world: World) -> None:
    firing(world)
    assert listed(world) == [("LoadHigh", "active"), ("LoadSticky", "active")]
    with world.kernel.acting("agent"):
        status, document = world.post("/api/v2/silences", silence(world))
    assert status == 200
    assert listed(world) == [("LoadHigh", "suppressed"), ("LoadSticky", "suppressed")]
    assert listed(world, silenced="false") == []
    entry = world.kernel.journal.entries[-1]
    assert (entry.topic, entry.actor, entry.data["id"]) == (
        "alert.silence",
        "agent",
        document["silenceID"],
    )
    assert [s.actor for s in world.telemetry.alerts.silences] == ["agent"]
    world.advance(600)
    assert listed(world, silenced="false") != []


def test_deleting_a_silence_expires_it(world: World) -> None:
    firing(world)
    _, document = world.post("/api/v2/silences", silence(world))
    path = f"/api/v2/silence/{document['silenceID']}"
    world.advance(5)
    assert world.send(world.telemetry.alertmanager, Request("DELETE", path))[0] == 200
    _, kept = world.get(world.telemetry.alertmanager, path)
    assert kept["status"] == {"state": "expired"}
    assert listed(world, silenced="false") != []
    assert world.send(world.telemetry.alertmanager, Request("DELETE", path[:-3]))[0] == 404


def test_changing_matchers_replaces_the_silence_under_a_new_id(world: World) -> None:
    _, first = world.post("/api/v2/silences", silence(world))
    longer = silence(world, id=first["silenceID"], endsAt=rfc3339(world.kernel.now_ms + 900_000))
    assert world.post("/api/v2/silences", longer)[1] == first
    other = silence(world, id=first["silenceID"])
    other["matchers"][0]["value"] = "Other"
    world.advance(1)
    assert world.post("/api/v2/silences", other)[1] != first
    _, document = world.get(world.telemetry.alertmanager, "/api/v2/silences")
    assert [s["status"]["state"] for s in document] == ["active", "expired"]


def test_silences_that_make_no_sense_are_refused(world: World) -> None:
    empty = [{"name": "a", "value": ".*", "isRegex": True}]
    broken: Any
    for broken in (
        silence(world, matchers=[]),
        silence(world, matchers=7),
        silence(world, matchers=empty),
        silence(world, endsAt="soon"),
        silence(world, endsAt=rfc3339(world.kernel.now_ms - 60_000)),
        silence(world, id="unknown"),
        {"matchers": []},
        [],
    ):
        status, message = world.post("/api/v2/silences", broken)
        assert status == 400
        assert isinstance(message, str)
    assert len(world.telemetry.alerts.silences) == 0


def test_filters_and_groups(world: World) -> None:
    firing(world)
    assert listed(world, filter='severity="critical"') == [("LoadSticky", "active")]
    assert listed(world, filter="severity!~crit.*") == [("LoadHigh", "active")]
    assert listed(world, active="false") == []
    status, groups = world.get(world.telemetry.alertmanager, "/api/v2/alerts/groups")
    assert status == 200
    assert [g["labels"] for g in groups] == [{"alertname": "LoadHigh"}, {"alertname": "LoadSticky"}]
    assert world.get(world.telemetry.alertmanager, "/api/v2/alerts", filter="severity")[0] == 400


def test_posted_alerts_are_listed_inhibit_and_end(world: World) -> None:
    labels = {"alertname": "Disk", "namespace": "n"}
    alerts = [{"labels": {**labels, "severity": s}} for s in ("warning", "critical")]
    assert world.post("/api/v2/alerts", alerts)[0] == 200
    assert listed(world) == [("Disk", "active"), ("Disk", "suppressed")]
    world.advance(300)
    assert listed(world) == []
    assert world.post("/api/v2/alerts", [{"labels": {}}])[0] == 400


def test_fingerprints_are_prometheus_fnv() -> None:
    assert fingerprint({}) == "cbf29ce484222325"
    assert fingerprint({"a": "b", "c": "d"}) == fingerprint({"c": "d", "a": "b"})
