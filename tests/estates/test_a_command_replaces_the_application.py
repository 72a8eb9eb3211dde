"""A container that is told to run something else does not serve: it ends as that does, or runs and its probes fail."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from opsrange.apps.processes import ending
from opsrange.estates import Estate
from opsrange.types import MINUTE_MS, Json
from opsrange.world import branch


def _told(estate: Estate, service: str, **fields: Sequence[str]) -> tuple[dict[str, float], Json]:
    """How users fare, and the state of the newest container, minutes after a container was told to run something."""

    def edit(document: Json) -> None:
        document["spec"]["strategy"] = {"type": "Recreate"}
        container = document["spec"]["template"]["spec"]["containers"][0]
        container.update({name: list(value) for name, value in fields.items()})

    def explore() -> tuple[dict[str, float], Json]:
        estate.operator.change("deployments", estate.namespace, service, edit)
        estate.advance(4 * MINUTE_MS)
        newest = estate.pods_of(service)[-1]
        return estate.health(MINUTE_MS), newest["status"]["containerStatuses"][0]

    return branch(explore)


def test_what_sleeps_runs_and_is_never_ready(estate: Estate) -> None:
    health, status = _told(estate, "checkout", command=["sleep", "infinity"])
    assert health["checkout"] == 0
    assert health["home"] > 0.98
    assert "running" in status["state"]
    assert not status["ready"]


def test_what_fails_at_once_crash_loops(estate: Estate) -> None:
    health, status = _told(estate, "checkout", command=["/bin/false"])
    assert health["checkout"] == 0
    assert status["restartCount"] >= 2
    ended = status["state"].get("terminated") or status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (1, "Error")


def test_what_is_declared_is_the_application(estate: Estate) -> None:
    flagd = estate.pods_of("flagd")[0]["spec"]["containers"][0]
    assert flagd["args"]
    assert _told(estate, "flagd", args=flagd["args"])[1]["ready"]
    assert not _told(estate, "flagd", args=["start"])[1]["ready"]


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (["/bin/false"], (100, 1)),
        (["true"], (100, 0)),
        (["sleep", "30"], (30_000, 0)),
        (["sleep", "infinity"], None),
        (["sh", "-c", "exit 3"], (100, 3)),
        (["/bin/sh", "-c", "exec sleep 5"], (5_000, 0)),
        (["bash", "-lc", "while true; do sleep 5; done"], None),
        (["sh", "-c", "'"], None),
        (["tail", "-f", "/dev/null"], None),
        ([], None),
    ],
)
def test_commands_end_as_they_do(words: list[str], ends: tuple[int, int] | None) -> None:
    assert ending(words) == ends
