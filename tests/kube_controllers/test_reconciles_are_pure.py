"""Reconciles driven by hand: they read a view, yield writes, and change nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsrange.kube.controllers import deployments, replica_sets
from opsrange.kube.controllers.rollout_status import bounds
from opsrange.kube.controllers.writes import Create, Emit, Key, Retry, SetStatus, Write, Writes
from opsrange.kube.node import scheduler
from opsrange.types import Json

NOW_MS = 1_760_000_000_000


@dataclass
class Plain:
    """A view over a plain mapping."""

    objects: Mapping[str, Sequence[Json]]

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        return next((d for d in self.objects.get(kind, ()) if d["metadata"]["name"] == name), None)

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Json]:
        return self.objects.get(kind, ())


def _run(writes: Writes, refusal: str | None = None) -> list[Write]:
    """All writes, with every creation answered by ``refusal``."""
    found: list[Write] = []
    answer: str | None = None
    while True:
        try:
            found.append(writes.send(answer))
        except StopIteration:
            return found
        answer = refusal if isinstance(found[-1], Create) else None


def _metadata(name: str) -> Json:
    return {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "creationTimestamp": "2025-10-09T08:53:20Z",
    }


def _template() -> Json:
    spec = {"containers": [{"name": "web", "image": "web:1"}]}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


def _owner(kind: str, replicas: int) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": replicas, "selector": selector, "template": _template()}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": _metadata("web"), "spec": spec}


def test_replica_set_stops_at_the_first_refusal_and_retries() -> None:
    owner = _owner("ReplicaSet", 3)
    view = Plain({"ReplicaSet": [owner]})
    before = copy.deepcopy(view)
    words = 'pods "web-x" is forbidden: exceeded quota: q'
    writes = _run(replica_sets.reconcile(view, Key("shop", "web"), NOW_MS), words)
    assert [type(write) for write in writes] == [Create, Emit, SetStatus, Retry]
    assert isinstance(writes[1], Emit)
    assert writes[1].message == f"Error creating: {words}"
    assert view == before


def test_replica_set_creates_what_is_missing_with_distinct_names() -> None:
    view = Plain({"ReplicaSet": [_owner("ReplicaSet", 3)]})
    writes = _run(replica_sets.reconcile(view, Key("shop", "web"), NOW_MS))
    names = [w.document["metadata"]["name"] for w in writes if isinstance(w, Create)]
    assert len(set(names)) == 3
    assert all(name.startswith("web-") and len(name) == len("web-abcde") for name in names)


def test_deployment_begins_with_a_replica_set_of_its_template() -> None:
    view = Plain({"Deployment": [_owner("Deployment", 2)]})
    writes = _run(deployments.reconcile(view, Key("shop", "web"), NOW_MS))
    (created,) = [w.document for w in writes if isinstance(w, Create)]
    digest = created["metadata"]["labels"]["pod-template-hash"]
    assert created["metadata"]["name"] == f"web-{digest}"
    assert created["spec"]["replicas"] == 2
    assert set(digest) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_bounds_round_surge_up_and_unavailability_down() -> None:
    assert bounds(_owner("Deployment", 10)) == (3, 2)
    assert bounds(_owner("Deployment", 1)) == (1, 0)


def test_scheduler_names_every_reason() -> None:
    def machine(name: str, memory: str, **spec: object) -> Json:
        status = {"allocatable": {"cpu": "4", "memory": memory, "pods": "110"}}
        return {"metadata": _metadata(name), "spec": spec, "status": status}

    resources = {"requests": {"memory": "2Gi"}}
    containers = [{"name": "web", "image": "web:1", "resources": resources}]
    pod = {"kind": "Pod", "metadata": _metadata("web"), "spec": {"containers": containers}}
    nodes = [machine("a", "1Gi"), machine("b", "1Gi"), machine("c", "8Gi", unschedulable=True)]
    view = Plain({"Node": nodes, "Pod": [pod]})
    writes = _run(scheduler.reconcile(view, Key("shop", "web"), NOW_MS))
    (event,) = [write for write in writes if isinstance(write, Emit)]
    assert event.message == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory. preemption: "
        "0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )
