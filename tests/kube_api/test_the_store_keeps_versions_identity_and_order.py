from __future__ import annotations

import copy
import re

import pytest
from tests.kube_api.cluster import START_MS, Cluster

from opsrange.kube.status_errors import ApiError
from opsrange.kube.store import Change, Deletion, Store
from opsrange.types import Json
from opsrange.world.kernel import Kernel

PODS = Cluster.kind("pods")
NAMESPACES = Cluster.kind("namespaces")


def pod(name: str, **metadata: object) -> Json:
    spec = {"nodeName": "node-1", "containers": []}
    named = {"name": name, "namespace": "shop", **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec}


@pytest.fixture
def store() -> Store:
    return Store(Kernel("seed", START_MS))


def test_every_write_gets_a_greater_version(store: Store) -> None:
    first = store.create(PODS, pod("a"))
    second = store.create(PODS, pod("b"))
    third = store.update(PODS, {**first, "status": {"phase": "Running"}})
    versions = [int(one["metadata"]["resourceVersion"]) for one in (first, second, third)]
    assert versions == sorted(set(versions))
    assert store.resource_version == versions[-1]


def test_identity_is_a_uuid_and_depends_on_the_seed_alone() -> None:
    uids = [
        Store(Kernel(seed, START_MS)).create(PODS, pod("a"))["metadata"]["uid"]
        for seed in ("one", "one", "two")
    ]
    assert uids[0] == uids[1] != uids[2]
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uids[0]
    )


def test_a_write_that_changes_nothing_is_no_write(store: Store) -> None:
    made = store.create(PODS, pod("a"))
    digest = store.kernel.journal.digest
    assert store.update(PODS, copy.deepcopy(made)) is made
    assert store.kernel.journal.digest == digest


def test_stored_objects_are_replaced_never_changed(store: Store) -> None:
    made = store.create(PODS, pod("a"))
    before = copy.deepcopy(made)
    store.update(PODS, {**made, "status": {"phase": "Running"}})
    store.delete(PODS, "shop", "a", Deletion(grace_s=3))
    assert made == before


def test_an_outdated_version_conflicts(store: Store) -> None:
    made = store.create(PODS, pod("a"))
    store.update(PODS, {**made, "status": {"phase": "Running"}})
    with pytest.raises(ApiError, match="the object has been modified; please apply") as caught:
        store.update(PODS, {**made, "status": {"phase": "Failed"}})
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")


def test_a_taken_name_conflicts_and_an_unknown_one_is_not_found(store: Store) -> None:
    store.create(PODS, pod("a"))
    with pytest.raises(ApiError, match='pods "a" already exists'):
        store.create(PODS, pod("a"))
    with pytest.raises(ApiError, match='pods "b" not found'):
        store.delete(PODS, "shop", "b")


def test_generated_names_differ(store: Store) -> None:
    nameless = {**pod(""), "metadata": {"namespace": "shop", "generateName": "web-"}}
    names = {store.create(PODS, nameless)["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"web-[a-z0-9]{5}", name) for name in names)


def test_a_running_pod_stops_gracefully_and_goes_at_zero(store: Store) -> None:
    store.create(PODS, pod("a"))
    marked = store.delete(PODS, "shop", "a", Deletion(grace_s=7))
    assert marked["metadata"]["deletionTimestamp"] == "2026-03-02T10:00:07Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 7
    assert store.delete(PODS, "shop", "a", Deletion(grace_s=60)) is marked
    store.delete(PODS, "shop", "a", Deletion(grace_s=0))
    assert store.find(PODS, "shop", "a") is None


def test_a_pod_without_a_node_goes_at_once(store: Store) -> None:
    store.create(PODS, {**pod("a"), "spec": {"containers": []}})
    store.delete(PODS, "shop", "a")
    assert store.find(PODS, "shop", "a") is None


def test_finalizers_hold_an_object_until_the_last_is_gone(store: Store) -> None:
    store.create(PODS, pod("a", finalizers=["x/y"]))
    waiting = store.delete(PODS, "shop", "a", Deletion(grace_s=0))
    assert waiting["metadata"]["deletionTimestamp"]
    metadata = {key: value for key, value in waiting["metadata"].items() if key != "finalizers"}
    store.update(PODS, {**waiting, "metadata": metadata})
    assert store.find(PODS, "shop", "a") is None


@pytest.mark.parametrize(
    ("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")]
)
def test_propagation_is_left_to_the_garbage_collector_as_a_finalizer(
    store: Store, policy: str, finalizer: str
) -> None:
    store.create(NAMESPACES, {"kind": "Namespace", "metadata": {"name": "n"}})
    store.delete(NAMESPACES, "", "n", Deletion(propagation=policy))
    assert store.get(NAMESPACES, "", "n")["metadata"]["finalizers"] == [finalizer]


def test_subscribers_hear_changes_in_the_order_of_writing(store: Store) -> None:
    heard: list[tuple[str, int]] = []

    def react(change: Change) -> None:
        if change.last["metadata"]["name"] == "a" and change.verb == "ADDED":
            store.create(PODS, pod("made-in-reaction"))

    store.subscribe(react)
    stop = store.subscribe(
        lambda change: heard.append((change.last["metadata"]["name"], change.resource_version))
    )
    store.create(PODS, pod("a"))
    assert [name for name, _ in heard] == ["a", "made-in-reaction"]
    assert heard == sorted(heard, key=lambda item: item[1])
    stop()
    store.create(PODS, pod("b"))
    assert len(heard) == 2


def test_the_window_of_changes_is_bounded() -> None:
    store = Store(Kernel("seed", START_MS), window=3)
    for number in range(5):
        store.create(PODS, pod(f"p{number}"))
    latest = store.resource_version
    assert len(store.changes_since(latest - 3)) == 3
    assert store.changes_since(latest) == []
    with pytest.raises(ApiError, match="too old resource version: 2") as caught:
        store.changes_since(2)
    assert (caught.value.code, caught.value.reason) == (410, "Expired")


def test_the_journal_tells_contents_apart() -> None:
    digests = set()
    for image in ("web:1", "web:2"):
        store = Store(Kernel("seed", START_MS))
        store.create(PODS, {**pod("a"), "spec": {"containers": [{"image": image}]}})
        digests.add(store.kernel.journal.digest)
    assert len(digests) == 2


def test_lists_are_ordered_by_namespace_and_name(store: Store) -> None:
    for name, namespace in (("b", "shop"), ("a", "shop"), ("z", "admin")):
        store.create(PODS, pod(name, namespace=namespace))
    assert [one["metadata"]["name"] for one in store.list(PODS)] == ["z", "a", "b"]
    assert [one["metadata"]["name"] for one in store.list(PODS, "shop")] == ["a", "b"]
