import copy
from collections.abc import Callable

import pytest
from tests.kube_kinds.sample import complaints, deployment, kind_of, pod, stored

from opsrange.types import Json

DEPLOYMENT = kind_of("deployments")
POD = kind_of("pods")


def updated(plural: str, old: Json, change: Callable[[Json], object]) -> Json:
    """What a write to the main resource makes of a change."""
    kind = kind_of(plural)
    new = copy.deepcopy(old)
    change(new)
    kind.default(new)
    kind.on_update(new, copy.deepcopy(old))
    return new


def test_status_cannot_be_set_on_creation_nor_changed_on_update() -> None:
    old = stored(DEPLOYMENT, {**deployment(), "status": {"readyReplicas": 9}})
    assert old["status"] == {}
    old["status"] = {"readyReplicas": 2}
    new = updated("deployments", old, lambda new: new.update(status={"readyReplicas": 9}))
    assert new["status"] == {"readyReplicas": 2}


@pytest.mark.parametrize(
    ("change", "generation"),
    [
        (lambda new: new["spec"].update(replicas=4), 2),
        (lambda new: new["spec"].update(replicas=1), 1),
        (lambda new: new["metadata"].update(labels={"a": "b"}), 1),
        (lambda new: new["metadata"].update(annotations={"a": "b"}), 2),
        (lambda new: new["metadata"].update(generation=40), 1),
    ],
)
def test_generation_counts_changes_of_the_specification(
    change: Callable[[Json], object], generation: int
) -> None:
    old = stored(DEPLOYMENT, deployment())
    assert updated("deployments", old, change)["metadata"]["generation"] == generation


def test_a_deployments_selector_is_immutable() -> None:
    old = stored(DEPLOYMENT, deployment())
    new = copy.deepcopy(old)
    new["spec"]["selector"] = {"matchLabels": {"tier": "x"}}
    new["spec"]["template"]["metadata"]["labels"] = {"tier": "x"}
    assert complaints(DEPLOYMENT, new, old) == [
        'spec.selector: Invalid value: {"matchLabels":{"tier":"x"}}: field is immutable'
    ]


def test_a_pods_image_may_change_and_little_else() -> None:
    old = stored(POD, pod())
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["image"] = "web:2"
    new["spec"]["tolerations"] = [{"operator": "Exists"}]
    assert complaints(POD, new, old) == []
    new["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "2"}}
    (message,) = complaints(POD, new, old)
    assert message.startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
        "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
        "previously negative)\n"
    )
    new["spec"]["containers"].append({"name": "side", "image": "s:1"})
    assert complaints(POD, new, old) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_an_immutable_config_map_stays() -> None:
    kind = kind_of("configmaps")
    old = {"metadata": {"name": "c"}, "immutable": True, "data": {"a": "1"}}
    assert complaints(kind, {**old, "data": {"a": "2"}}, old) == [
        "data: Forbidden: field is immutable when `immutable` is set"
    ]
    assert complaints(kind, {**old, "metadata": {"name": "c", "labels": {}}}, old) == []


def test_services_keep_their_address_and_refuse_another() -> None:
    kind = kind_of("services")
    old = stored(kind, {"spec": {"ports": [{"port": 80}], "type": "NodePort"}})
    old["spec"].update(clusterIP="10.96.0.7", clusterIPs=["10.96.0.7"])
    old["spec"]["ports"][0]["nodePort"] = 30_080

    def forget(new: Json) -> None:
        for key in ("clusterIP", "clusterIPs"):
            del new["spec"][key]
        del new["spec"]["ports"][0]["nodePort"]

    kept = updated("services", old, forget)
    assert kept["spec"] == old["spec"]
    other = updated("services", old, lambda new: new["spec"].update(clusterIP="10.96.0.8"))
    other["spec"]["clusterIPs"] = ["10.96.0.8"]
    assert complaints(kind, other, old) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'
    ]


def test_a_stateful_sets_service_name_is_immutable() -> None:
    kind = kind_of("statefulsets")
    old = stored(kind, deployment(serviceName="db"))
    new = copy.deepcopy(old)
    new["spec"]["serviceName"] = "other"
    (message,) = complaints(kind, new, old)
    assert message.startswith("spec: Forbidden: updates to statefulset spec for fields other than")
    new = copy.deepcopy(old)
    new["spec"]["replicas"] = 5
    assert complaints(kind, new, old) == []


def test_fields_can_be_selected_on() -> None:
    selectable = POD.selectable_fields(stored(POD, pod(nodeName="n1")))
    assert selectable["spec.nodeName"] == "n1"
    assert selectable["status.phase"] == "Pending"
    event = {"metadata": {}, "involvedObject": {"kind": "Pod", "name": "w"}, "type": "Warning"}
    fields = kind_of("events").selectable_fields(event)
    assert (fields["involvedObject.name"], fields["type"]) == ("w", "Warning")
