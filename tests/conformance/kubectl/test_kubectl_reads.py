from __future__ import annotations

import json
import re
import time

from tests.conformance.kubectl.conftest import Bench
from tests.kube_api.cluster import START_MS

from opsrange.types import LogLine, rfc3339


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def event(bench: Bench, name: str, about: str, reason: str) -> None:
    now_ms = bench.cluster.kernel.now_ms
    pod = bench.cluster.store.get(bench.cluster.kind("pods"), "shop", about)
    bench.cluster.create(
        "events",
        {
            "metadata": {"name": name, "namespace": "shop"},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": about, "namespace": "shop", "uid": pod["metadata"]["uid"]},
            "reason": reason,
            "message": f"about {about}",
            "type": "Warning",
            "count": 1,
            "firstTimestamp": rfc3339(now_ms - 30_000),
            "lastTimestamp": rfc3339(now_ms - 30_000),
        },
    )  # fmt: skip


def test_tables_are_rendered_by_the_server_at_the_worlds_instant(bench: Bench) -> None:
    assert lines(bench.kubectl("get", "pods")) == [
        ["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
        ["p", "1/1", "Running", "0", "90s"],
    ]
    wide = bench.kubectl("get", "pods", "-o", "wide").splitlines()
    assert "NODE" in wide[0]
    assert "node-1" in wide[1]


def test_several_kinds_over_all_namespaces(bench: Bench) -> None:
    shown = bench.kubectl("get", "deploy,pods", "-A")
    assert ["shop", "deployment.apps/web", "0/2"] in [row[:3] for row in lines(shown)]
    assert ["shop", "pod/p", "1/1"] in [row[:3] for row in lines(shown)]


def test_objects_come_as_yaml_json_and_paths(bench: Bench) -> None:
    assert "nodeName: node-1" in bench.kubectl("get", "pod", "p", "-o", "yaml")
    assert json.loads(bench.kubectl("get", "pods", "-o", "json"))["items"][0]["kind"] == "Pod"
    assert bench.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.name}") == "p"
    assert bench.kubectl("get", "pods", "-o", "name") == "pod/p\n"


def test_selectors_and_sorting(bench: Bench) -> None:
    bench.cluster.pod("a", phase="Pending")
    columns = ("-o", "custom-columns=N:.metadata.name", "--no-headers")
    assert bench.kubectl("get", "pods", "-l", "app in (web),!x", *columns).split() == ["a", "p"]
    chosen = bench.kubectl("get", "pods", "--field-selector=status.phase=Running", *columns)
    assert chosen.split() == ["p"]
    ordered = bench.kubectl("get", "pods", "--sort-by=.metadata.creationTimestamp")
    assert [row[0] for row in lines(ordered)] == ["NAME", "p", "a"]


def test_refusals_have_the_servers_words(bench: Bench) -> None:
    refusal = bench.kubectl.refusal
    assert refusal("get", "pods", "x") == 'Error from server (NotFound): pods "x" not found\n'
    assert 'doesn\'t have a resource type "nope"' in refusal("get", "nope")
    assert "field label not supported: a" in refusal("get", "pods", "--field-selector=a=b")
    assert "unable to parse requirement" in refusal("get", "pods", "-l", "a=b=c")
    assert "exec is not supported" in refusal("exec", "p", "--", "ls")
    assert bench.cluster.api.ledger["405 POST core/v1/pods/{name}/exec"] == 1


def test_describe_shows_an_objects_events_with_virtual_ages(bench: Bench) -> None:
    event(bench, "p.1", "p", "BackOff")
    shown = bench.kubectl("describe", "pod", "p")
    assert re.search(r"Node: +node-1", shown)
    assert re.search(r"Warning +BackOff +3\ds +about p", shown), shown


def test_describe_ages_a_nodes_pods_by_virtual_time(bench: Bench) -> None:
    shown = bench.kubectl("describe", "node", "node-1")
    assert re.search(r"shop +p .* 9\ds$", shown, re.MULTILINE), shown


def test_debugging_is_refused_and_does_not_crash_kubectl(bench: Bench) -> None:
    refusal = bench.kubectl.refusal("debug", "p", "--image=busybox")
    assert "Error from server (NotFound): the server could not find" in refusal
    bench.kubectl("debug", "node/node-1", "--image=busybox")
    (pod,) = [x for x in bench.kubectl("get", "pods", "-o", "name").split() if "debugger" in x]
    assert "path: /" in bench.kubectl("get", pod, "-o", "yaml")


def test_events_are_filtered_and_aged_by_virtual_time(bench: Bench) -> None:
    event(bench, "p.1", "p", "BackOff")
    bench.cluster.pod("other")
    event(bench, "other.1", "other", "Unhealthy")
    shown = bench.kubectl("events", "--for", "pod/p")
    assert "BackOff" in shown
    assert "Unhealthy" not in shown
    assert re.search(r"^3\ds", shown.splitlines()[1]), shown
    table = lines(bench.kubectl("get", "events", "--field-selector=involvedObject.name=other"))
    assert table[1][:4] == ["30s", "Warning", "Unhealthy", "pod/other"]


def test_logs_and_their_options(bench: Bench) -> None:
    now_ms = bench.cluster.kernel.now_ms
    bench.cluster.logs.kept["main", 0] = [
        LogLine(now_ms - age_s * 1_000, f"{age_s} s ago") for age_s in (60, 20, 5)
    ]
    logs = bench.kubectl
    assert logs("logs", "p") == "60 s ago\n20 s ago\n5 s ago\n"
    assert logs("logs", "deploy/web") == logs("logs", "p", "-c", "main")
    assert logs("logs", "p", "--tail=1") == "5 s ago\n"
    assert logs("logs", "p", "--since=30s") == "20 s ago\n5 s ago\n"
    assert logs("logs", "p", "--since-time=2026-03-02T10:01:20Z") == "5 s ago\n"
    assert logs("logs", "p", "--limit-bytes=4") == "60 s"
    assert logs("logs", "p", "--tail=1", "--timestamps").startswith(
        "2026-03-02T10:01:25.000000000Z 5 s"
    )
    assert "previous terminated container" in logs.refusal("logs", "p", "--previous")
    assert "container nope is not valid for pod p" in logs.refusal("logs", "p", "-c", "nope")


def test_top(bench: Bench) -> None:
    assert lines(bench.kubectl("top", "pods"))[1] == ["p", "12m", "34Mi"]
    assert lines(bench.kubectl("top", "pods", "--containers"))[1] == ["p", "main", "12m", "34Mi"]
    assert lines(bench.kubectl("top", "nodes"))[1][:2] == ["node-1", "12m"]


def test_explain_and_resources(bench: Bench) -> None:
    shown = bench.kubectl("explain", "deployment.spec.replicas")
    assert re.search(r"FIELD: replicas <integer>", shown)
    assert "Number of desired pods" in shown
    resources = bench.kubectl("api-resources", "-o", "wide")
    assert re.search(r"deployments +deploy +apps/v1 +true +Deployment +create,delete", resources)
    assert "apps/v1" in bench.kubectl("api-versions")
    assert "Server Version: v1.37" in bench.kubectl("version")


def test_a_watch_shows_changes_as_they_happen(bench: Bench) -> None:
    cluster, steps = bench.cluster, iter(range(3))

    def change() -> None:
        step = next(steps, None)
        if step is not None:
            cluster.pod(f"late-{step}")

    bench.server.on_idle = change
    done = bench.kubectl.run("get", "pods", "-w", "--request-timeout=2s")
    names = [row[0] for row in lines(done.stdout)]
    assert names[:2] == ["NAME", "p"]
    assert {"late-0", "late-1", "late-2"} <= set(names)


def test_wait_returns_when_the_condition_comes(bench: Bench) -> None:
    cluster = bench.cluster
    pods = cluster.kind("pods")

    def fail() -> None:
        pod = cluster.store.get(pods, "shop", "p")
        cluster.store.update(pods, {**pod, "status": {**pod["status"], "phase": "Failed"}})

    bench.server.on_idle = fail
    began = time.monotonic()
    shown = bench.kubectl("wait", "pod/p", "--for=jsonpath={.status.phase}=Failed", "--timeout=20s")
    assert shown == "pod/p condition met\n"
    assert time.monotonic() - began < 20


def test_a_log_is_followed_until_its_container_ends(bench: Bench) -> None:
    cluster = bench.cluster
    kept = cluster.logs.kept["main", 0] = [LogLine(START_MS, "first")]

    def speak() -> None:
        kept.append(LogLine(cluster.kernel.now_ms, "later"))
        cluster.store.delete(cluster.kind("pods"), "shop", "p", None)
        pods = cluster.kind("pods")
        for pod in cluster.store.list(pods, "shop"):
            status = {**pod["status"], "containerStatuses": []}
            cluster.store.update(pods, {**pod, "status": status})

    bench.server.on_idle = speak
    assert bench.kubectl("logs", "-f", "p") == "first\nlater\n"
