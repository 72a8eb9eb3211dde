"""Two snapshots differ in what somebody decided, and in nothing that follows by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsrange.estates import Estate, differences
from opsrange.types import MINUTE_MS, Json
from opsrange.world import branch

Act = Callable[[Estate], None]


def _edit(plural: str, name: str, edit: Callable[[Json], object]) -> Act:
    def apply(document: Json) -> None:
        edit(document)

    def act(estate: Estate) -> None:
        estate.operator.change(plural, estate.namespace, name, apply)

    return act


def _annotate(document: Json, name: str) -> None:
    document["metadata"].setdefault("annotations", {})[name] = "x"


def _scale(name: str, replicas: int) -> Act:
    return _edit("deployments", name, lambda found: found["spec"].update(replicas=replicas))


def _container(document: Json) -> Json:
    found: Json = document["spec"]["template"]["spec"]["containers"][0]
    return found


def _delete_pod(estate: Estate) -> None:
    pod = estate.pods_of("cart")[0]["metadata"]["name"]
    estate.operator.delete("pods", estate.namespace, pod)


def _recreate(estate: Estate) -> None:
    service = estate.operator.get("services", estate.namespace, "cart")
    estate.operator.delete("services", estate.namespace, "cart")
    for name in ("uid", "resourceVersion", "creationTimestamp"):
        del service["metadata"][name]
    estate.operator.create(service)


def _create(estate: Estate) -> None:
    metadata = {"name": "new", "namespace": estate.namespace}
    estate.operator.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def _changed(estate: Estate, act: Act) -> tuple[set[str], int]:
    """Paths, without the namespace, that differ after an act, at once or later; and how many pods are others then."""

    def explore() -> tuple[set[str], int]:
        before = estate.snapshot()
        act(estate)
        at_once = estate.snapshot()
        estate.advance(3 * MINUTE_MS)
        after = estate.snapshot()
        paths = {
            path
            for each in (at_once, after)
            for path, _, _ in differences(before["objects"], each["objects"])
        }
        was, now = (
            {uid for pods in each["running"].values() for uid in pods} for each in (before, after)
        )
        return {path.removeprefix(f"{estate.namespace}/") for path in paths}, len(was - now)

    return branch(explore)


@pytest.mark.parametrize(
    ("act", "pods"),
    [
        pytest.param(lambda estate: None, 0, id="time"),
        pytest.param(_delete_pod, 1, id="a pod that was replaced"),
        pytest.param(_scale("frontend", 4), 0, id="within an autoscaler's bounds"),
        pytest.param(
            _edit("services", "cart", lambda found: _annotate(found, "kubernetes.io/change-cause")),
            0,
            id="a change's cause",
        ),
        pytest.param(
            _edit(
                "services",
                "cart",
                lambda found: _annotate(found, "kubectl.kubernetes.io/last-applied-configuration"),
            ),
            0,
            id="how it was applied",
        ),
    ],
)
def test_what_follows_by_itself_is_no_difference(act: Act, pods: int, estate: Estate) -> None:
    assert _changed(estate, act) == (set(), pods)


CART = "Deployment/cart"
CONTAINER = "spec.template.spec.containers[cart]"


@pytest.mark.parametrize(
    ("act", "paths"),
    [
        (_scale("cart", 1), {f"{CART}.spec.replicas"}),
        (_scale("frontend", 0), {"Deployment/frontend.spec.replicas"}),
        (
            _edit("deployments", "cart", lambda found: _container(found).update(image="shop/x:1")),
            {f"{CART}.{CONTAINER}.image"},
        ),
        (
            _edit(
                "deployments", "cart", lambda found: _container(found)["env"][0].update(value="9")
            ),
            {f"{CART}.{CONTAINER}.env[CART_PORT].value"},
        ),
        (
            _edit("deployments", "cart", lambda found: found["metadata"]["labels"].update(a="b")),
            {f"{CART}.metadata.labels.a"},
        ),
        (
            _edit("services", "cart", lambda found: _annotate(found, "corp.example/owner")),
            {"Service/cart.metadata.annotations.corp.example/owner"},
        ),
        (
            _edit("services", "cart", lambda found: found["spec"]["ports"][0].update(port=1)),
            {"Service/cart.spec.ports[grpc].port"},
        ),
        (
            _edit("configmaps", "flagd-config", lambda found: found.update(data={"a": "b"})),
            {"ConfigMap/flagd-config.data.a", "ConfigMap/flagd-config.data.demo.flagd.json"},
        ),
        (_create, {"ConfigMap/new"}),
        (_recreate, {"Service/cart.metadata.uid"}),
        (
            lambda estate: estate.operator.delete("services", estate.namespace, "cart"),
            {"Service/cart"},
        ),
    ],
)
def test_what_somebody_decided_is_a_difference(act: Act, paths: set[str], estate: Estate) -> None:
    assert _changed(estate, act)[0] == paths


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, None)]),
        ({}, {"a": {"b": 1}}, [("a", None, {"b": 1})]),
        ([{"name": "x"}, {"name": "y"}], [{"name": "y"}, {"name": "x"}], []),
        ([{"name": "x", "v": 1}], [{"name": "z"}, {"name": "x", "v": 2}],
         [("[x].v", 1, 2), ("[z]", None, {"name": "z"})]),
        ([1, 2], [1, 3, 4], [("[1]", 2, 3), ("[2]", None, 4)]),
        ([{"name": "x"}, {"name": "x"}], [{"name": "x"}], [("[1]", {"name": "x"}, None)]),
        ({"a": [1]}, {"a": 1}, [("a", [1], 1)]),
        ({"containers": [{"name": "x", "v": 1}]}, {"containers": [{"name": "z", "v": 2}]},
         [("containers[x].name", "x", "z"), ("containers[x].v", 1, 2)]),
    ],
)  # fmt: skip
def test_differences_are_told_by_path(
    old: Any, new: Any, found: list[tuple[str, Any, Any]]
) -> None:
    assert list(differences(old, new)) == found
