from __future__ import annotations

import json
from typing import Any

from tests.kube_api.cluster import Cluster

from opsrange.types import Json
from opsrange.wire import Response, Stream

PODS = "/api/v1/namespaces/shop/pods"


def events(stream: Stream) -> list[Json]:
    return [json.loads(line) for chunk in stream.take() for line in chunk.splitlines()]


def told(stream: Stream) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events(stream)]


def relabel(cluster: Cluster, name: str, labels: Any) -> None:
    kind = cluster.kind("pods")
    pod = cluster.store.get(kind, "shop", name)
    cluster.store.update(kind, {**pod, "metadata": {**pod["metadata"], "labels": labels}})


def test_it_begins_with_what_is_there_and_goes_on(cluster: Cluster) -> None:
    cluster.pod("a")
    stream = cluster.stream(PODS, watch="true")
    assert told(stream) == [("ADDED", "a")]
    relabel(cluster, "a", {"x": "y"})
    assert told(stream) == [("MODIFIED", "a")]
    cluster.registry.delete(cluster.kind("pods"), "shop", "a")
    assert [verb for verb, _ in told(stream)] == ["MODIFIED"]
    assert not stream.finished


def test_it_resumes_from_a_version_without_gaps_or_repeats(cluster: Cluster) -> None:
    cluster.pod("a")
    _, seen = cluster.call("GET", PODS)
    relabel(cluster, "a", {"x": "y"})
    cluster.pod("b")
    stream = cluster.stream(PODS, watch="1", resourceVersion=seen["metadata"]["resourceVersion"])
    assert told(stream) == [("MODIFIED", "a"), ("ADDED", "b"), ("MODIFIED", "b")]


def test_a_version_out_of_the_window_is_gone() -> None:
    cluster = Cluster(window=3)
    for name in "abcd":
        cluster.pod(name)
    stream = cluster.stream(PODS, watch="1", resourceVersion="1")
    [event] = events(stream)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert stream.finished


def test_objects_come_and_go_as_selectors_begin_and_cease_to_match(cluster: Cluster) -> None:
    cluster.pod("a")
    stream = cluster.stream(PODS, watch="1", labelSelector="app=web")
    stream.take()
    relabel(cluster, "a", {"app": "other"})
    cluster.pod("b", labels={})
    relabel(cluster, "a", {"app": "web"})
    assert told(stream) == [("DELETED", "a"), ("ADDED", "a")]


def test_a_deletion_carries_the_version_of_the_deletion(cluster: Cluster) -> None:
    cluster.pod("a", phase="Failed")
    stream = cluster.stream(PODS, watch="1", resourceVersion=str(cluster.store.resource_version))
    cluster.call("DELETE", f"{PODS}/a")
    [event] = events(stream)
    assert event["type"] == "DELETED"
    assert event["object"]["metadata"]["resourceVersion"] == str(cluster.store.resource_version)


def test_initial_events_end_with_a_bookmark(cluster: Cluster) -> None:
    cluster.pod("a")
    stream = cluster.stream(
        PODS, watch="1", sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true"
    )  # fmt: skip
    first, mark = events(stream)
    assert (first["type"], mark["type"]) == ("ADDED", "BOOKMARK")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert mark["object"]["metadata"]["resourceVersion"] == str(cluster.store.resource_version)


def test_it_ends_when_its_time_is_over(cluster: Cluster) -> None:
    stream = cluster.stream(PODS, watch="1", timeoutSeconds="5")
    assert stream.deadline_ms == cluster.kernel.now_ms + 5_000
    cluster.kernel.advance_to(cluster.kernel.now_ms + 4_999)
    assert not stream.finished
    cluster.kernel.advance_to(cluster.kernel.now_ms + 1)
    assert stream.finished


def test_the_random_timeouts_of_kubectls_informers_stop_no_clock(cluster: Cluster) -> None:
    query = {"watch": ["1"], "allowWatchBookmarks": ["true"], "timeoutSeconds": ["383"]}
    stream = cluster.send("GET", PODS, headers={"kubectl-command": "kubectl wait"}, query=query)
    assert not isinstance(stream, Response)
    assert stream.deadline_ms is None


def test_a_closed_watch_hears_nothing(cluster: Cluster) -> None:
    stream = cluster.stream(PODS, watch="1")
    stream.close()
    cluster.pod("a")
    assert stream.take() == []
    assert stream.finished


def test_tables_carry_their_header_once(cluster: Cluster) -> None:
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    stream = cluster.send("GET", PODS, headers=accept, query={"watch": ["true"]})
    assert not isinstance(stream, Response)
    cluster.pod("a")
    first, second = (event["object"] for event in events(stream))
    assert first["columnDefinitions"][0]["name"] == "Name"
    assert second["columnDefinitions"] is None
    assert second["rows"][0]["cells"][0] == "a"
