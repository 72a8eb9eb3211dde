from typing import Any

import pytest
from tests.kube_kinds.sample import complaints, deployment, kind_of, pod, stored

from opsrange.types import Json

C = "spec.containers[0]"
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def container(**more: Any) -> Json:
    return {"name": "web", "image": "web:1", **more}


def resources(**more: Any) -> Json:
    return container(resources=more)


def probed(**probe: Any) -> Json:
    return container(livenessProbe=probe)


def refused(plural: str, document: Json) -> list[str]:
    kind = kind_of(plural)
    return complaints(kind, stored(kind, document))


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ({"name": "web"}, f"{C}.image: Required value"),
        ({"image": "web:1"}, f"{C}.name: Required value"),
        (
            {"name": "Web", "image": "w:1"},
            f'{C}.name: Invalid value: "Web": {LABEL_RULE}',
        ),
        (
            container(imagePullPolicy="Sometimes"),
            f'{C}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
        (
            resources(requests={"memory": "512Mi"}, limits={"memory": "256Mi"}),
            f'{C}.resources.requests: Invalid value: "512Mi": must be less than or equal to memory limit of 256Mi',
        ),
        (
            resources(limits={"cpu": "-1"}, requests={"cpu": "-2"}),
            f'{C}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            container(ports=[{"containerPort": 70000}]),
            f"{C}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            container(ports=[{"containerPort": 80, "protocol": "HTTP"}]),
            f'{C}.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            probed(httpGet={"port": 80}, initialDelaySeconds=-1),
            f"{C}.livenessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            probed(httpGet={"port": 80}, successThreshold=2),
            f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            probed(periodSeconds=3),
            f"{C}.livenessProbe: Required value: must specify a handler type",
        ),
        (
            container(volumeMounts=[{"name": "data", "mountPath": "/data"}]),
            f'{C}.volumeMounts[0].name: Not found: "data"',
        ),
        (
            container(
                env=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]
            ),
            f'{C}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ),
    ],
)
def test_containers(one: Json, message: str) -> None:
    assert message in refused("pods", pod(containers=[one]))


def test_pods() -> None:
    assert refused("pods", pod()) == []
    assert refused("pods", pod(containers=[])) == ["spec.containers: Required value"]
    twice = pod(containers=[container(), container()])
    assert refused("pods", twice) == ['spec.containers[1].name: Duplicate value: "web"']
    assert refused("pods", pod(restartPolicy="Perhaps")) == [
        'spec.restartPolicy: Unsupported value: "Perhaps": supported values: "Always", "OnFailure", "Never"'
    ]
    assert refused("pods", pod(tolerations=[{"operator": "Equal"}])) == [
        (
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is '
            'empty, which means "match all values and all keys"'
        )
    ]


def test_deployments() -> None:
    assert refused("deployments", deployment()) == []
    assert refused("deployments", deployment(replicas=-1)) == [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    ]
    other = deployment(selector={"matchLabels": {"app": "api"}})
    assert refused("deployments", other) == [
        (
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: '
            "`selector` does not match template `labels`"
        )
    ]
    still = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}
    assert refused("deployments", deployment(strategy=still)) == [
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"
    ]
    short = deployment(progressDeadlineSeconds=5, minReadySeconds=10)
    assert refused("deployments", short) == [
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"
    ]
    once = deployment()
    once["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    assert refused("deployments", once) == [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'
    ]


def test_stateful_sets_may_mount_their_claims() -> None:
    document = deployment(serviceName="db")
    mount = {"name": "data", "mountPath": "/data"}
    document["spec"]["template"]["spec"]["containers"] = [container(volumeMounts=[mount])]
    assert refused("statefulsets", document) != []
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    document["spec"]["volumeClaimTemplates"] = [claim]
    assert refused("statefulsets", document) == []


@pytest.mark.parametrize(
    ("plural", "document", "message"),
    [
        ("services", {"spec": {"selector": {"a": "b"}}}, "spec.ports: Required value"),
        (
            "services",
            {"spec": {"ports": [{"port": 80}, {"port": 81}]}},
            "spec.ports[0].name: Required value",
        ),
        (
            "services",
            {"spec": {"ports": [{"port": 0}]}},
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            "horizontalpodautoscalers",
            {
                "spec": {
                    "minReplicas": 5,
                    "maxReplicas": 2,
                    "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                }
            },
            "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
        ),
        (
            "resourcequotas",
            {"spec": {"hard": {"nonsense": "1"}}},
            'spec.hard[nonsense]: Invalid value: "nonsense": must be a standard resource for quota',
        ),
        (
            "limitranges",
            {"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}},
            'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        ),
        (
            "networkpolicies",
            {"spec": {"podSelector": {}, "policyTypes": ["Sideways"]}},
            'spec.policyTypes: Unsupported value: "Sideways": supported values: "Egress", "Ingress"',
        ),
        (
            "jobs",
            {"spec": {"template": {"spec": pod()["spec"]}}},
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ),
        (
            "roles",
            {"rules": [{"verbs": ["get"], "resources": ["pods"]}]},
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        ),
        (
            "events",
            {"involvedObject": {"kind": "Pod", "namespace": "other"}},
            'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
        ),
    ],
)
def test_other_kinds(plural: str, document: Json, message: str) -> None:
    assert message in refused(plural, document)


def test_a_service_name_may_not_begin_with_a_digit() -> None:
    document = {
        "metadata": {"name": "1web", "namespace": "shop"},
        "spec": {"ports": [{"port": 80}]},
    }
    assert refused("services", document) == [
        (
            'metadata.name: Invalid value: "1web": a DNS-1035 label must consist of lower case alphanumeric '
            "characters or '-', start with an alphabetic character, and end with an alphanumeric character "
            "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        )
    ]
