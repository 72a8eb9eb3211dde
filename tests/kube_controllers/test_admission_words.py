"""What admission adds, and the words with which it refuses."""

from __future__ import annotations

import pytest

from opsrange.kube.admission import admit
from opsrange.kube.ipam import PodAddresses, service_ip
from opsrange.kube.status_errors import ApiError
from opsrange.kube.store import Store
from opsrange.kube.view import StoreView, kind_by_name
from opsrange.types import Json
from opsrange.world import Kernel


class Place:
    """A namespace ``shop`` with its service account, and what else a test puts there."""

    def __init__(self, *documents: Json) -> None:
        self.store = Store(Kernel("1", 1_760_000_000_000))
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        for document in (space, thing("ServiceAccount", "default"), *documents):
            self.store.create(kind_by_name()[document["kind"]], document)

    def admit(self, document: Json) -> Json:
        kind = kind_by_name()[document["kind"]]
        admitted = admit("CREATE", kind, document, None, StoreView(self.store))
        assert admitted is not None
        return admitted

    def refusal(self, document: Json) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.admit(document)
        return caught.value


def thing(kind: str, name: str, **fields: object) -> Json:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def pod(**container: object) -> Json:
    return thing(
        "Pod", "web", spec={"containers": [{"name": "web", "image": "web:1", **container}]}
    )


def test_pod_gets_account_token_and_tolerations() -> None:
    admitted = Place().admit(pod())["spec"]
    assert admitted["serviceAccountName"] == "default"
    (mount,) = admitted["containers"][0]["volumeMounts"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mount["name"].startswith("kube-api-access-")
    assert [item["tolerationSeconds"] for item in admitted["tolerations"]] == [300, 300]


def test_unknown_account_namespace_and_ending_namespace_are_refused() -> None:
    place = Place()
    strange = pod()
    strange["spec"]["serviceAccountName"] = "robot"
    assert place.refusal(strange).message == (
        'pods "web" is forbidden: error looking up service account shop/robot: '
        'serviceaccount "robot" not found'
    )
    elsewhere = pod()
    elsewhere["metadata"]["namespace"] = "nowhere"
    assert place.refusal(elsewhere).message == 'namespaces "nowhere" not found'
    assert place.refusal(elsewhere).code == 404


def test_quota_demands_what_it_limits() -> None:
    quota = thing(
        "ResourceQuota", "q", spec={"hard": {"limits.memory": "1Gi", "requests.cpu": "1"}}
    )
    assert Place(quota).refusal(pod()).message == (
        'pods "web" is forbidden: failed quota: q: must specify limits.memory for: web; '
        "requests.cpu for: web"
    )


def test_quota_counts_what_is_there() -> None:
    place = Place(thing("ResourceQuota", "q", spec={"hard": {"count/configmaps": "1"}}))
    place.store.create(kind_by_name()["ConfigMap"], thing("ConfigMap", "one"))
    assert place.refusal(thing("ConfigMap", "two")).message == (
        'configmaps "two" is forbidden: exceeded quota: q, requested: count/configmaps=1, '
        "used: count/configmaps=1, limited: count/configmaps=1"
    )


def test_limit_range_fills_in_before_the_quota_looks() -> None:
    limit = {"type": "Container", "default": {"memory": "256Mi"}, "defaultRequest": {"cpu": "50m"}}
    quota = thing("ResourceQuota", "q", spec={"hard": {"limits.memory": "1Gi"}})
    place = Place(quota, thing("LimitRange", "l", spec={"limits": [limit]}))
    resources = place.admit(pod())["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"memory": "256Mi"}, "requests": {"cpu": "50m"}}


def test_services_get_stable_addresses() -> None:
    service = thing("Service", "web", spec={"ports": [{"port": 80}], "selector": {"app": "web"}})
    address = Place().admit(service)["spec"]["clusterIP"]
    assert address == Place().admit(service)["spec"]["clusterIP"]
    assert address.startswith("10.96.")
    assert service_ip("shop", "web", {address}) != address


def test_pod_addresses_are_reused_only_after_a_round() -> None:
    pool = PodAddresses("10.244.1.0/24")
    assert [pool.assign(uid) for uid in "ab"] == ["10.244.1.2", "10.244.1.3"]
    pool.release("a")
    assert pool.assign("c") == "10.244.1.4"
    for index in range(251):
        pool.assign(str(index))
    with pytest.raises(ValueError, match="no address is free"):
        pool.assign("one too many")
