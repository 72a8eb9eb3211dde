"""The many ways to ask the same thing: kubectl in several forms, the API through curl, jq, jsonpath.

Belongs here: reads of an investigator. Does not: what a failure does.
"""

from __future__ import annotations

from opsrange.agents.policy import KeyFact
from opsrange.planted.brief import Brief

API = "http://kubernetes:6443"
_ROWS = ".items[] | [.metadata.name, .status.phase, ([.status.containerStatuses[]?.restartCount] | add // 0 | tostring)] | @tsv"
_EVENTS = '.items[] | select(.involvedObject.name | startswith("{name}")) | [.type, .reason, .involvedObject.name, .message] | @tsv'
_LABEL = "app.kubernetes.io/name"


def pods(brief: Brief) -> str:
    """The pods of the application."""
    n = brief.namespace
    return brief.pick(
        f"kubectl get pods -n {n}",
        f"kubectl -n {n} get po -o wide",
        f"kubectl -n {n} get pods -o json | jq -r '{_ROWS}'",
        f"curl -s {API}/api/v1/namespaces/{n}/pods | jq -r '{_ROWS}'",
        f"kubectl get pods -n {n} -o custom-columns=NAME:.metadata.name,PHASE:.status.phase,NODE:.spec.nodeName",
        f"kubectl get pods --namespace {n} --sort-by=.status.startTime",
    )


def alerts(brief: Brief) -> str:
    """What fires."""
    return brief.pick(
        "curl -s http://alertmanager:9093/api/v2/alerts | jq -r '.[] | [.labels.severity, .labels.alertname, .annotations.description] | @tsv'",
        "curl -s 'http://alertmanager:9093/api/v2/alerts?active=true' | jq -r '.[].labels | .alertname + \" \" + (.service_name // .pod // .deployment // \"\")'",
        'curl -s http://prometheus:9090/api/v1/alerts | jq -r \'.data.alerts[] | .state + " " + .labels.alertname + " " + (.labels.service_name // .labels.pod // "")\'',
        'curl -sG http://prometheus:9090/api/v1/query --data-urlencode \'query=ALERTS{alertstate="firing"}\' | jq -r \'.data.result[].metric | .alertname + " " + (.service_name // .pod // "")\'',
    )


def errors(brief: Brief) -> str:
    """Who fails, by the metrics."""
    ratio = "service:request_errors:ratio_rate2m > 0.01"
    calls = 'sum by (service_name) (rate(traces_span_metrics_calls_total{status_code="STATUS_CODE_ERROR"}[2m])) > 0.05'
    query = brief.pick(ratio, calls)
    return (
        f"curl -sG http://prometheus:9090/api/v1/query --data-urlencode 'query={query}'"
        " | jq -r '.data.result[] | .metric.service_name + \" \" + .value[1]'"
    )


def users(brief: Brief) -> str:
    """What users meet at the front door."""
    paths = brief.pick("/ /api/cart /api/recommendations", "/api/data /api/cart /", "/ /api/data")
    return brief.pick(
        f'for p in {paths}; do curl -s -o /dev/null -w "$p %{{http_code}}\\n" http://frontend-proxy:8080$p; done',
        f"for path in {paths}; do echo \"$path $(curl -s -o /dev/null -w '%{{http_code}}' http://frontend-proxy:8080$path)\"; done",
    )


def events(brief: Brief) -> str:
    """What happened lately."""
    n = brief.namespace
    return brief.pick(
        f"kubectl get events -n {n} --sort-by=.lastTimestamp | tail -25",
        f"kubectl -n {n} get events --field-selector type=Warning | tail -20",
        f"kubectl -n {n} get events -o json | jq -r '.items[-25:][] | [.lastTimestamp, .reason, .message] | @tsv'",
    )


def logs(brief: Brief) -> str:
    """What the broken service writes."""
    n, service = brief.namespace, brief.service
    return brief.pick(
        f"kubectl -n {n} logs deployment/{service} --tail=20",
        f"kubectl logs -n {n} deploy/{service} --tail=15 --timestamps",
        f"kubectl -n {n} logs -l {_LABEL}={service} --tail=10",
    )


def changes(brief: Brief) -> str:
    """What was changed lately."""
    n, service = brief.namespace, brief.service
    return brief.pick(
        f"kubectl -n {n} rollout history deployment/{service}",
        f"kubectl get replicasets -n {n} --sort-by=.metadata.creationTimestamp | tail -6",
        f"kubectl -n {n} get deployments -o custom-columns=NAME:.metadata.name,GENERATION:.metadata.generation,IMAGE:.spec.template.spec.containers[0].image",
        f"kubectl -n {n} get configmaps --sort-by=.metadata.creationTimestamp",
    )


def describe(brief: Brief) -> str:
    """The broken service's workload."""
    n, service = brief.namespace, brief.service
    return brief.pick(
        f"kubectl -n {n} describe deployment {service}",
        f"kubectl describe deploy/{service} -n {n}",
        f"kubectl -n {n} get deployment {service} -o jsonpath='{{.spec.replicas}} {{.status.readyReplicas}} {{.spec.template.spec.containers[0].image}}'",
    )


def surroundings(brief: Brief) -> str:
    """Something beside the point that a careful person looks at too."""
    n, other = brief.namespace, brief.healthy
    return brief.pick(
        "kubectl get nodes",
        f"kubectl -n {n} top pods",
        f"kubectl -n {n} get endpoints {other}",
        f"kubectl -n {n} logs deployment/{other} --tail=5",
        f"kubectl -n {n} get hpa",
        "curl -s http://jaeger:16686/api/services | jq -c .data",
    )


def fact(brief: Brief, wanted: KeyFact) -> str:
    """A read that shows a fact, by one of the routes on which it can be seen."""
    kinds = {
        route.removeprefix("kubernetes:6443 ")
        for route in wanted.routes
        if route.startswith("kubernetes:6443 ")
    }
    for plural, read in _ROUTES.items():
        if plural in kinds:
            return read(brief)
    plural = next((kind for kind in sorted(kinds) if "/" not in kind), "pods")
    return f"kubectl -n {brief.namespace} get {plural} -o yaml"


def own(brief: Brief, kind: str, name: str) -> str:
    """One object, whole."""
    n = brief.namespace
    return brief.pick(
        f"kubectl -n {n} get {kind} {name} -o yaml",
        f"kubectl get {kind}/{name} -n {n} -o yaml",
        f"kubectl -n {n} get {kind} {name} -o json | jq 'del(.metadata.managedFields)'",
    )


def _events_of_service(brief: Brief) -> str:
    n, service = brief.namespace, brief.service
    chosen = _EVENTS.replace("{name}", service)
    return brief.pick(
        f"kubectl -n {n} get events | grep {service}",
        f"kubectl get events -n {n} -o wide | grep -i {service}",
        f"kubectl -n {n} get events -o json | jq -r '{chosen}'",
        f"curl -s {API}/api/v1/namespaces/{n}/events | jq -r '{chosen}'",
    )


def _pods_of_service(brief: Brief) -> str:
    n, service = brief.namespace, brief.service
    return brief.pick(
        f"kubectl -n {n} describe pods -l {_LABEL}={service}",
        f"kubectl describe pod -n {n} --selector={_LABEL}={service}",
        f"kubectl -n {n} get pods -l {_LABEL}={service} -o json | jq '.items[] | {{name: .metadata.name, containers: .spec.containers, status: .status.containerStatuses}}'",
    )


def _deployment(brief: Brief) -> str:
    n, service = brief.namespace, brief.service
    return brief.pick(
        own(brief, "deployment", service),
        f"curl -s {API}/apis/apps/v1/namespaces/{n}/deployments/{service} | jq '{{spec: .spec.template.spec, status: .status}}'",
    )


def _service(brief: Brief) -> str:
    n, service = brief.namespace, brief.service
    return brief.pick(
        own(brief, "service", service),
        f"curl -s {API}/api/v1/namespaces/{n}/services/{service} | jq '{{name: .metadata.name, selector: .spec.selector, ports: .spec.ports}}'",
        f"kubectl -n {n} describe service {service}",
    )


def _policy(brief: Brief) -> str:
    return brief.pick(
        f"kubectl -n {brief.namespace} describe networkpolicy {brief.name}",
        own(brief, "networkpolicy", brief.name),
    )


_ROUTES = {
    "services": _service,
    "configmaps": lambda brief: own(brief, "configmap", brief.name),
    "networkpolicies": _policy,
    "events": _events_of_service,
    "deployments": _deployment,
    "pods": _pods_of_service,
}
"""Best first."""
