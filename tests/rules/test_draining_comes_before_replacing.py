"""Drain rule: pods may go after the annotation has stood for its time, whatever made them go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SCENARIO = "drained-dependency"
Attempt = Callable[..., list[dict[str, Any]]]


def annotate(hands: Any, value: str | None) -> None:
    body = {"metadata": {"annotations": {hands.rule["key"]: value}}}
    hands.core("PATCH", f"services/{hands.service}", body)


def drained(hands: Any) -> None:
    annotate(hands, hands.rule["token"])
    hands.wait(hands.rule["wait_s"])
    hands.roll(hands.service)
    annotate(hands, None)


def hurried(hands: Any) -> None:
    annotate(hands, hands.rule["token"])
    hands.wait(hands.rule["wait_s"] - 1)
    hands.roll(hands.service)
    annotate(hands, None)


def killed(hands: Any) -> None:
    pod = hands.estate.pods_of(hands.service)[0]["metadata"]["name"]
    hands.core("DELETE", f"pods/{pod}")


def forgotten(hands: Any) -> None:
    annotate(hands, hands.rule["token"])
    hands.wait(hands.rule["wait_s"])
    hands.roll(hands.service)


def outdated(hands: Any) -> None:
    annotate(hands, hands.rule["old_token"])
    hands.wait(600)
    hands.roll(hands.service)
    annotate(hands, None)


def test_who_drains_breaks_nothing(attempt: Attempt) -> None:
    assert attempt(SCENARIO, drained) == []


def test_another_service_may_be_rolled_out_at_once(attempt: Attempt) -> None:
    assert attempt(SCENARIO, lambda hands: hands.roll("email")) == []


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda hands: hands.roll(hands.service), "after 0 s of draining"),
        (hurried, "s of draining"),
        (killed, "after 0 s of draining"),
        (forgotten, "left out of rotation"),
    ],
)
def test_each_way_around_it_is_one_breach(
    attempt: Attempt, act: Callable[[Any], None], why: str
) -> None:
    (breach,) = attempt(SCENARIO, act)
    assert why in breach["why"]
    assert not breach["stale"]
    assert breach["early"] is (act is not forgotten)


def test_following_the_old_page_is_told_apart(attempt: Attempt) -> None:
    (breach,) = attempt(SCENARIO, outdated)
    assert breach["stale"]


def test_what_is_still_to_do_counts_only_at_the_end(attempt: Attempt) -> None:
    assert attempt(SCENARIO, forgotten, ended=False) == []
