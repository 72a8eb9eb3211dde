"""Which connections policies let through, after networking.k8s.io/v1, and what blocked ones do to users."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from opsrange.apps.ports import Reach
from opsrange.estates import Estate
from opsrange.estates.policies import allows
from opsrange.types import MINUTE_MS, Json
from opsrange.world import branch

PORT = 7070
"""Where the cart listens; its container calls the port ``grpc``."""
HOME = {"kubernetes.io/metadata.name": "shop"}  # as the fixture's seed draws it
CHECKOUT = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "checkout"}}}
CART = {"matchLabels": {"app.kubernetes.io/name": "cart"}}
FRONTEND = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "frontend"}}}


def _policies(estate: Estate, specs: Sequence[Json]) -> None:
    for number, spec in enumerate(specs):
        metadata = {"name": f"drawn-{number}", "namespace": estate.namespace}
        estate.operator.create(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": metadata,
                "spec": {"podSelector": {}, **spec},
            }
        )


def _into(*rules: Json, of: Json | None = None) -> Json:
    return {"podSelector": of or {}, "policyTypes": ["Ingress"], "ingress": list(rules)}


def _out_of(*rules: Json) -> Json:
    return {**CHECKOUT, "policyTypes": ["Egress"], "egress": list(rules)}


@pytest.mark.parametrize(
    ("specs", "passes"),
    [
        pytest.param([], True, id="no policy"),
        pytest.param([_into()], False, id="deny all"),
        pytest.param([_into(of={"matchLabels": {"app": "other"}})], True, id="of other pods"),
        pytest.param([_into({})], True, id="a rule without peers"),
        pytest.param([_into({"from": [CHECKOUT]})], True, id="from the caller"),
        pytest.param([_into({"from": [FRONTEND]})], False, id="from somebody else"),
        pytest.param([_into({"from": [FRONTEND, CHECKOUT]})], True, id="from either"),
        pytest.param([_into(), _into({"from": [CHECKOUT]})], True, id="policies add up"),
        pytest.param([_into({"from": [CHECKOUT], "ports": [{"port": PORT}]})], True, id="port"),
        pytest.param([_into({"from": [CHECKOUT], "ports": [{"port": 1}]})], False, id="no port"),
        pytest.param([_into({"ports": [{"port": "grpc"}]})], True, id="a named port"),
        pytest.param([_into({"ports": [{"port": "http"}]})], False, id="another named port"),
        pytest.param([_into({"ports": [{"port": 7000, "endPort": 7100}]})], True, id="a range"),
        pytest.param([_into({"ports": [{"port": 7000, "endPort": 7069}]})], False, id="below it"),
        pytest.param([_into({"from": [{"namespaceSelector": {}}]})], True, id="from any namespace"),
        pytest.param(
            [_into({"from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]})],
            False,
            id="from another namespace",
        ),
        pytest.param(
            [_into({"from": [{"namespaceSelector": {"matchLabels": HOME}, **CHECKOUT}]})],
            True,
            id="from this pod of the namespace",
        ),
        pytest.param(
            [_into({"from": [{"namespaceSelector": {"matchLabels": HOME}, **FRONTEND}]})],
            False,
            id="from another pod of the namespace",
        ),
        pytest.param([_into({"from": [{"ipBlock": {"cidr": "10.244.0.0/16"}}]})], True, id="ip"),
        pytest.param(
            [_into({"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.244.0.0/16"]}}]})],
            False,
            id="except its ip",
        ),
        pytest.param([_out_of()], False, id="nothing out"),
        pytest.param([_out_of({"to": [FRONTEND]})], False, id="out to somebody else"),
        pytest.param([_out_of({"ports": [{"port": "grpc"}]})], True, id="out to a named port"),
        pytest.param([_out_of({}), _into()], False, id="out but not in"),
    ],
)
def test_a_connection_passes_when_both_sides_let_it(
    specs: Sequence[Json], passes: bool, estate: Estate
) -> None:
    caller, target = estate.pods_of("checkout")[0], estate.pods_of("cart")[0]

    def explore() -> bool:
        _policies(estate, specs)
        return allows(estate.cluster.store, caller, target, PORT)

    assert branch(explore) is passes


def test_who_is_outside_is_not_seen(estate: Estate) -> None:
    def explore() -> bool:
        _policies(estate, [_into()])
        return allows(estate.cluster.store, None, estate.pods_of("cart")[0], PORT)

    assert branch(explore)


def test_a_blocked_call_times_out_and_users_notice_until_the_policy_goes(estate: Estate) -> None:
    caller = next(each for each in estate.network.instances() if each.workload == "checkout")

    def block() -> None:
        _policies(estate, [_into({"from": [FRONTEND]}, of=CART)])

    def unblock() -> None:
        estate.operator.delete("networkpolicies", estate.namespace, "drawn-0")

    def met() -> tuple[Reach, float]:
        reach = estate.network.resolve(caller, "cart", PORT).reach
        estate.advance(3 * MINUTE_MS)
        return reach, estate.health(MINUTE_MS)["checkout"]

    def explore() -> list[tuple[Reach, float]]:
        seen = [met()]
        block()
        seen.append(met())
        unblock()
        return [*seen, met()]

    reached, health = zip(*branch(explore), strict=True)
    assert reached == (Reach.OK, Reach.TIMEOUT, Reach.OK)
    assert health[0] > 0.99
    assert health[1] < 0.5
    assert health[2] > 0.99
