"""Goal: deleting a pod ends no alert. Method: compare labels before and after, and delete what was paged for."""

from __future__ import annotations

from typing import Any

import pytest

from opsrange.scenarios.conclusion import lasting
from opsrange.scenarios.instance import Instance, build
from opsrange.types import MINUTE_MS, Json
from opsrange.world import branch


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"pod": "cart-6d4cf56db6-x2x4z"}, {"pod": "cart-6d4cf56db6-9zkpq"}),
        ({"pod": "cart-6d4cf56db6-x2x4z"}, {"pod": "cart-7f9bc4d5c8-9zkpq"}),
        ({"replicaset": "cart-6d4cf56db6"}, {"replicaset": "cart-7f9bc4d5c8"}),
        ({"job": "a", "instance": "10.0.0.1:80"}, {"job": "a", "instance": "10.0.0.2:80"}),
        ({"namespace": "shop", "uid": "1"}, {"namespace": "shop", "uid": "2"}),
    ],
)
def test_another_instance_of_the_same_workload(old: dict[str, str], new: dict[str, str]) -> None:
    assert lasting(old) == lasting(new)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"pod": "cart-6d4cf56db6-x2x4z"}, {"pod": "ads-6d4cf56db6-x2x4z"}),
        ({"pod": "db-0"}, {"pod": "db-1"}),
        ({"namespace": "shop"}, {"namespace": "other"}),
        ({"pod": "cart-redis"}, {"pod": "cart"}),
    ],
)
def test_another_workload(one: dict[str, str], other: dict[str, str]) -> None:
    assert lasting(one) != lasting(other)


def _after(instance: Instance, *, deleted: bool) -> list[Json]:
    def attempt() -> Any:
        instance.begin()
        if deleted:
            for pod in instance.estate.pods_of(instance.params["service"]):
                instance.estate.operator.delete(
                    "pods", instance.estate.namespace, pod["metadata"]["name"]
                )
        instance.estate.advance(MINUTE_MS)
        return instance.call("conclude", {"report": None})["objective"]["conditions"]

    found: list[Json] = branch(attempt)
    return found


def test_deleting_the_pod_that_was_paged_for_changes_nothing() -> None:
    instance = build("memory-limit-low", 3)
    assert any("pod" in alert.labels for alert in instance.alerts)
    idle, acted = _after(instance, deleted=False), _after(instance, deleted=True)
    assert [each["firing"] for each in acted] == [each["firing"] for each in idle]
    assert any(each["firing"] for each in acted if "pod" in each["labels"])
