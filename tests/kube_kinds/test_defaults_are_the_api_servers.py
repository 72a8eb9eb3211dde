import copy

import pytest
from tests.kube_kinds.sample import deployment, kind_of, pod, stored

from opsrange.kube.kind import all_kinds
from opsrange.kube.schema import schema_errors
from opsrange.types import Json

SERVICE: Json = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}
SAMPLES: dict[str, Json] = {
    "pods": pod(),
    "deployments": deployment(),
    "replicasets": deployment(),
    "statefulsets": deployment(serviceName="web"),
    "daemonsets": deployment(),
    "jobs": {"spec": {"template": {"spec": pod(restartPolicy="Never")["spec"]}}},
    "cronjobs": {
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": {}}}}}
    },
    "services": SERVICE,
    "limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1000m"}}]}},
    "networkpolicies": {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 53}]}]}},
    "secrets": {"stringData": {"password": "moon"}},
}


@pytest.mark.parametrize("plural", [kind.plural for kind in all_kinds().values()])
def test_defaulting_twice_is_defaulting_once(plural: str) -> None:
    kind = kind_of(plural)
    once = stored(kind, SAMPLES.get(plural, {}))
    twice = copy.deepcopy(once)
    kind.default(twice)
    assert twice == once


@pytest.mark.parametrize("plural", [kind.plural for kind in all_kinds().values()])
def test_what_defaulting_writes_is_in_the_schema(plural: str) -> None:
    kind = kind_of(plural)
    report = schema_errors(kind, stored(kind, SAMPLES.get(plural, {})))
    assert (report.unknown_fields, report.errors) == ((), ())


def test_a_pod_gets_its_defaults() -> None:
    spec = stored(kind_of("pods"), pod())["spec"]
    assert spec["containers"][0] == {
        "name": "web",
        "image": "registry.local/web:1.4",
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    del spec["containers"]
    assert spec == {
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("registry.local:5000/web", "Always"),
        ("registry.local:5000/web:1.4", "IfNotPresent"),
        ("web@sha256:0123", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    document = stored(kind_of("pods"), pod(containers=[{"name": "web", "image": image}]))
    assert document["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_requests_follow_limits_in_pods_but_not_in_templates() -> None:
    container = {"name": "w", "image": "w:1", "resources": {"limits": {"cpu": "1000m"}}}
    made = stored(kind_of("pods"), pod(containers=[copy.deepcopy(container)]))
    both = {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert made["spec"]["containers"][0]["resources"] == both
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    workload = stored(kind_of("deployments"), deployment(template=template))
    resources = workload["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "1"}}


def test_quality_of_service_follows_resources() -> None:
    def class_of(resources: Json) -> str:
        container = {"name": "w", "image": "w:1", "resources": resources}
        made = stored(kind_of("pods"), pod(containers=[container]))
        return str(made["status"]["qosClass"])

    assert class_of({}) == "BestEffort"
    assert class_of({"limits": {"cpu": "1"}}) == "Burstable"
    assert class_of({"limits": {"cpu": "1", "memory": "1Gi"}}) == "Guaranteed"
    burst = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}
    assert class_of(burst) == "Burstable"


def test_a_deployment_gets_its_defaults() -> None:
    spec = stored(kind_of("deployments"), deployment())["spec"]
    assert spec["replicas"] == 1
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["revisionHistoryLimit"] == 10
    rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": rolling}


def test_a_service_gets_its_defaults() -> None:
    spec = stored(kind_of("services"), SERVICE)["spec"]
    assert spec == {
        "type": "ClusterIP",
        "selector": {"app": "web"},
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
    }


def test_other_kinds_get_theirs() -> None:
    policy = stored(kind_of("networkpolicies"), SAMPLES["networkpolicies"])
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    secret = stored(kind_of("secrets"), SAMPLES["secrets"])
    assert (secret["type"], secret["data"]) == ("Opaque", {"password": "bW9vbg=="})
    assert "stringData" not in secret
    limit = stored(kind_of("limitranges"), SAMPLES["limitranges"])["spec"]["limits"][0]
    assert limit["default"] == limit["defaultRequest"] == {"cpu": "1"}
