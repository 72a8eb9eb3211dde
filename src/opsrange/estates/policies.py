"""Which connections the network policies of a cluster let through.

Follows the semantics of networking.k8s.io/v1 NetworkPolicy: policies add up, a pod that none selects for a direction is
open in it. Where a plugin enforces them, packets that no rule allows vanish.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from opsrange.estates.objects import kind_named
from opsrange.kube.selectors import LabelSelector
from opsrange.kube.store import Store
from opsrange.types import Json


def allows(store: Store, source: Json | None, target: Json, port: int) -> bool:
    """Whether a packet from ``source`` reaches ``port`` of the pod ``target``.

    Args:
        store: the cluster's store.
        source: the calling pod; ``None`` for a client that policies do not see.
        target: the pod called.
        port: the target port number.
    """
    if source is None:
        return True
    return _passes(store, "Ingress", target, source, port) and _passes(
        store, "Egress", source, target, port
    )


def _passes(store: Store, direction: str, guarded: Json, peer: Json, port: int) -> bool:
    namespace = guarded["metadata"]["namespace"]
    labels = guarded["metadata"].get("labels", {})
    governing = [
        policy["spec"]
        for policy in store.list(kind_named("networkpolicies"), namespace)
        if direction in policy["spec"].get("policyTypes", ["Ingress"])
        and LabelSelector.of(policy["spec"].get("podSelector")).matches(labels)
    ]
    if not governing:
        return True
    destination = guarded if direction == "Ingress" else peer
    field, side = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    rules = [rule for spec in governing for rule in spec.get(field) or []]
    return any(
        _port_matches(rule.get("ports"), port, destination)
        and _peer_matches(store, rule.get(side), peer, namespace)
        for rule in rules
    )


def _port_matches(ports: Sequence[Json] | None, port: int, destination: Json) -> bool:
    if not ports:
        return True
    named = {
        entry.get("name"): entry["containerPort"]
        for container in destination["spec"]["containers"]
        for entry in container.get("ports", [])
    }
    for entry in ports:
        wanted = entry.get("port")
        low = named.get(wanted) if isinstance(wanted, str) else wanted
        if low is None:
            if wanted is None:
                return True
            continue
        if low <= port <= entry.get("endPort", low):
            return True
    return False


def _peer_matches(store: Store, peers: Sequence[Json] | None, pod: Json, namespace: str) -> bool:
    if not peers:
        return True
    return any(_one_peer_matches(store, peer, pod, namespace) for peer in peers)


def _one_peer_matches(store: Store, peer: Json, pod: Json, namespace: str) -> bool:
    if "ipBlock" in peer:
        address = pod.get("status", {}).get("podIP")
        if not address:
            return False
        ip = ipaddress.ip_address(address)
        block = peer["ipBlock"]
        excluded = any(ip in ipaddress.ip_network(item) for item in block.get("except", []))
        return ip in ipaddress.ip_network(block["cidr"]) and not excluded
    pod_namespace = pod["metadata"]["namespace"]
    if "namespaceSelector" in peer:
        found = store.find(kind_named("namespaces"), "", pod_namespace)
        labels = found["metadata"].get("labels", {}) if found else {}
        if not LabelSelector.of(peer["namespaceSelector"]).matches(labels):
            return False
    elif pod_namespace != namespace:
        return False
    selector = LabelSelector.of(peer.get("podSelector"))
    return selector.matches(pod["metadata"].get("labels", {}))
