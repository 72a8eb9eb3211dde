"""Triage concludes what a sound junior engineer would from what is on the screen."""

from __future__ import annotations

from typing import Any

import pytest

from opsrange.agents.policies.triage.facts import Facts
from opsrange.agents.policies.triage.rules import hypotheses
from opsrange.types import Json

_LISTS = (
    "alerts events pods deployments services endpoints policies quotas scalings revisions flags"
)
STEPS = dict.fromkeys(_LISTS.split(), 1)


def deployment(name: str, **more: Any) -> Json:
    container = {
        "name": name,
        "ports": [{"name": "", "port": 7070}],
        "probe": 7070,
        "memory": "64Mi",
    }
    return {
        "name": name,
        "wanted": 2,
        "ready": 2,
        "labels": {"app": name},
        "containers": [container | more.pop("container", {})],
        **more,
    }


def service(name: str, **more: Any) -> Json:
    ports = [{"name": "", "port": 7070, "target": 7070}]
    return {"name": name, "selector": {"app": name}, "ports": ports, **more}


def facts(**more: Any) -> Facts:
    quiet = {
        "deployments": [deployment("cart"), deployment("ads")],
        "services": [service("cart"), service("ads")],
    }
    return Facts("shop", steps=STEPS, **quiet | more)


def revision(name: str, number: int, created: str, **container: Any) -> Json:
    base: Json = {"name": name, "image": "v1", "env": {}, "resources": {}, "probe": None}
    return {"owner": name, "revision": number, "created": created, "containers": [base | container]}


TWICE = [revision("cart", 1, "2026-01-01"), revision("cart", 2, "2026-01-02", image="v2")]
ADS = [
    revision("ads", 1, "2026-01-01"),
    revision("ads", 2, "2026-01-03", env={"LOG_LEVEL": "warn"}),
]


def pod(name: str, reason: str = "", last: str = "") -> Json:
    state = {"ready": False, "restarts": 1, "waiting": reason, "last": last}
    return {"name": f"{name}-7d4b9c6f5d-x2x4z", "owner": f"{name}-7d4b9c6f5d", "states": [state]}


def policy(name: str, **spec: Any) -> Json:
    base: Json = {"podSelector": {"matchLabels": {"app": "cart"}}, "policyTypes": ["Ingress"]}
    return {"name": name, "created": "2026-01-01", "spec": base | spec}


QUOTA_EVENT = {
    "reason": "FailedCreate",
    "kind": "ReplicaSet",
    "name": "cart-x",
    "message": 'pods "cart-x-y" is forbidden: exceeded quota: team, requested: pods=1, used: pods=9, limited: pods=9',
}
ALERT = {"labels": {"alertname": "Errors", "service_name": "cart"}, "startsAt": ""}


@pytest.mark.parametrize(
    ("seen", "entity", "words"),
    [
        (
            facts(
                events=[QUOTA_EVENT],
                quotas=[{"name": "team", "hard": {"pods": "9"}, "used": {"pods": "9"}}],
            ),
            "shop/ResourceQuota/team",
            '"pods": "18"',
        ),
        (
            facts(pods=[pod("cart", "ImagePullBackOff")], revisions=TWICE),
            "shop/Deployment/cart",
            "rollout undo",
        ),
        (facts(pods=[pod("cart", "", "OOMKilled")]), "shop/Deployment/cart", "memory=256Mi"),
        (
            facts(
                deployments=[deployment("cart", wanted=0)],
                scalings=[
                    {"name": "cart", "message": "Scaled down replica set cart-x to 0 from 3"}
                ],
            ),
            "shop/Deployment/cart",
            "--replicas=3",
        ),
        (
            facts(services=[service("cart", selector={"app": "cart", "tier": "x"})]),
            "shop/Service/cart",
            '"tier": null',
        ),
        (
            facts(services=[service("cart", ports=[{"name": "", "port": 7070, "target": 7071}])]),
            "shop/Service/cart",
            '"value": 7070',
        ),
        (
            facts(deployments=[deployment("cart", container={"probe": 9})]),
            "shop/Deployment/cart",
            "readinessProbe",
        ),
        (facts(policies=[policy("deny")]), "shop/NetworkPolicy/deny", "delete networkpolicy deny"),
        (
            facts(
                policies=[
                    policy(
                        "odd", ingress=[{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]
                    )
                ]
            ),
            "shop/NetworkPolicy/odd",
            "delete",
        ),
        (
            facts(
                flags=[
                    {
                        "map": "flagd-config",
                        "key": "f",
                        "flags": {"x": {"default": "on", "variants": ["on", "off"]}},
                    }
                ]
            ),
            "shop/ConfigMap/flagd-config",
            'defaultVariant="off"',
        ),
        (
            facts(
                revisions=[
                    revision("ads", 1, "2026-01-01", env={"CART_ADDR": "cart:7070"}),
                    revision("ads", 2, "2026-01-02", env={"CART_ADDR": "cart:7080"}),
                ]
            ),
            "shop/Deployment/ads",
            "rollout undo",
        ),
        (facts(revisions=[*ADS, *TWICE], alerts=[ALERT]), "shop/Deployment/cart", "rollout undo"),
        (facts(revisions=[*TWICE, *ADS]), "shop/Deployment/ads", "rollout undo"),
    ],
)
def test_the_first_hypothesis(seen: Facts, entity: str, words: str) -> None:
    first = hypotheses(seen)[0]
    assert first.entity == entity
    assert words in first.fix
    assert first.quote


@pytest.mark.parametrize(
    "seen",
    [
        facts(),
        facts(policies=[policy("open", ingress=[{}])]),
        facts(
            policies=[
                policy(
                    "known", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "ads"}}}]}]
                )
            ]
        ),
        facts(policies=[policy("nobody", podSelector={"matchLabels": {"app": "gone"}})]),
        facts(policies=[policy("out", policyTypes=["Egress"])]),
        facts(services=[service("cart", ports=[{"name": "", "port": 80, "target": 7070}])]),
        facts(
            flags=[
                {
                    "map": "m",
                    "key": "f",
                    "flags": {"x": {"default": "off", "variants": ["on", "off"]}},
                }
            ]
        ),
    ],
)
def test_nothing_wrong_means_no_hypothesis(seen: Facts) -> None:
    assert hypotheses(seen) == []
