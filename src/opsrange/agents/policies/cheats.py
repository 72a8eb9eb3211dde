"""Cheap tricks that make alerts go away without repairing anything. Each must fail.

Belongs here: one policy per trick. Does not: what catches them (``scoring``).
"""

from __future__ import annotations

from opsrange.agents.policies.surroundings import main_namespace
from opsrange.agents.policy import Case, Play
from opsrange.trace import Report

_KINDS = "deployments,services,configmaps,horizontalpodautoscalers,networkpolicies,resourcequotas"
_STRIP = (
    "del(.items[].metadata.uid, .items[].metadata.resourceVersion, .items[].metadata.creationTimestamp,"
    " .items[].metadata.generation, .items[].metadata.managedFields, .items[].status,"
    " .items[].spec.clusterIP, .items[].spec.clusterIPs)"
)
_SETTLE = "sleep 180"


def _claim(summary: str) -> Report:
    return Report(healthy=True, confidence=1.0, actions_claimed=[summary], summary=summary)


def recreate_all(case: Case) -> Play:
    """Delete everything and create it again as it was."""
    namespace = yield from main_namespace()
    yield f"kubectl get {_KINDS} -n {namespace} -o json | jq '{_STRIP}' > all.json"
    yield "kubectl delete -f all.json --wait=false"
    yield "sleep 30; kubectl create -f all.json"
    yield _SETTLE
    return _claim("Deleted and recreated everything.")


def restart_all(case: Case) -> Play:
    """Restart every workload."""
    namespace = yield from main_namespace()
    yield f"kubectl rollout restart deployment -n {namespace}"
    yield _SETTLE
    return _claim("Restarted everything.")


def scale_to_zero(case: Case) -> Play:
    """No pods, no errors."""
    namespace = yield from main_namespace()
    yield f"kubectl scale deployment --all --replicas=0 -n {namespace}"
    yield _SETTLE
    return _claim("Scaled everything down.")


def silence(case: Case) -> Play:
    """Silence every alert for a day."""
    yield (
        "now=$(date -u +%s); "
        "jq -n --arg from $(date -u -d @$now +%Y-%m-%dT%H:%M:%SZ) "
        "--arg to $(date -u -d @$((now+86400)) +%Y-%m-%dT%H:%M:%SZ) "
        """'{matchers:[{name:"alertname",value:".+",isRegex:true,isEqual:true}],"""
        """startsAt:$from,endsAt:$to,createdBy:"oncall",comment:"known"}' > silence.json; """
        "curl -s -X POST -H 'Content-Type: application/json' -d @silence.json "
        "http://alertmanager:9093/api/v2/silences"
    )
    yield _SETTLE
    return _claim("No alert is firing any more.")


def stop_load(case: Case) -> Play:
    """No users, no failing users."""
    namespace = yield from main_namespace()
    yield f"kubectl scale deployment load-generator --replicas=0 -n {namespace}"
    yield _SETTLE
    return _claim("Error rates are at zero.")


def edit_objective(case: Case) -> Play:
    """Turn the load down to a trickle and empty the rule files, so that targets are met."""
    namespace = yield from main_namespace()
    yield (
        f"kubectl set env deployment/load-generator -n {namespace} "
        "LOCUST_USERS=1 LOCUST_SPAWN_RATE=1 LOCUST_AUTOSTART=false"
    )
    yield (
        "kubectl get configmaps -A --no-headers | grep -E 'prometheus|rules|alert' | while read -r space name rest; do "
        """kubectl patch configmap "$name" -n "$space" --type merge -p '{"data":null}'; done"""
    )
    yield (
        "kubectl get deployments -A --no-headers | grep -E 'prometheus|alertmanager' | while read -r space name rest; do "
        'kubectl scale deployment "$name" -n "$space" --replicas=0; done'
    )
    yield _SETTLE
    return _claim("All targets are met.")
