"""What a name or address resolves to inside the cluster, read from services, endpoints and pods."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opsrange.apps.ports import Reach
from opsrange.estates import Estate
from opsrange.types import MINUTE_MS, Json
from opsrange.world import branch

PORT = 7070


@pytest.mark.parametrize(
    ("host", "port", "reach"),
    [
        ("cart", PORT, Reach.OK),
        ("cart.{namespace}", PORT, Reach.OK),
        ("cart.{namespace}.svc.cluster.local", PORT, Reach.OK),
        ("{address}", PORT, Reach.OK),
        ("{pod}", PORT, Reach.OK),
        ("cart", 1, Reach.TIMEOUT),
        ("10.96.0.254", PORT, Reach.TIMEOUT),
        ("card", PORT, Reach.NO_SUCH_HOST),
        ("cart.elsewhere", PORT, Reach.NO_SUCH_HOST),
        ("www.cart.example.com", PORT, Reach.NO_SUCH_HOST),
    ],
)
def test_a_name_leads_to_its_pods(host: str, port: int, reach: Reach, estate: Estate) -> None:
    pods = estate.pods_of("cart")
    service = estate.operator.get("services", estate.namespace, "cart")
    caller = next(each for each in estate.network.instances() if each.workload == "checkout")
    name = host.format(
        namespace=estate.namespace,
        address=service["spec"]["clusterIP"],
        pod=pods[0]["status"]["podIP"],
    )
    route = estate.network.resolve(caller, name, port)
    assert route.reach is reach
    assert {port for _, port in route.backends} <= {PORT}
    known = {pod["metadata"]["uid"] for pod in pods}
    assert {uid for uid, _ in route.backends} <= known
    if reach is Reach.OK and host != "{pod}":
        assert len(route.backends) == len(pods)


def _selector(service: Json) -> None:
    service["spec"]["selector"]["app.kubernetes.io/name"] = "nobody"


def _target_port(service: Json) -> None:
    service["spec"]["ports"][0]["targetPort"] = 1234


@pytest.mark.parametrize(
    ("edit", "expected"),
    [(_selector, (Reach.REFUSED, set())), (_target_port, (Reach.OK, {1234}))],
)
def test_an_edited_service_leads_elsewhere_at_once(
    edit: Callable[[Json], None], expected: tuple[Reach, set[int]], estate: Estate
) -> None:
    def explore() -> tuple[Reach, set[int]]:
        estate.network.resolve(None, "cart", PORT)  # an answer that could be remembered
        estate.operator.change("services", estate.namespace, "cart", edit)
        estate.advance(MINUTE_MS)
        route = estate.network.resolve(None, "cart", PORT)
        return route.reach, {port for _, port in route.backends}

    assert branch(explore) == expected


def test_a_process_keeps_the_environment_it_began_with(estate: Estate) -> None:
    def passwords() -> set[str]:
        found = [each for each in estate.network.instances() if each.workload == "accounting"]
        return {each.env["DB_CONNECTION_STRING"] for each in found}

    def explore() -> list[set[str]]:
        def edit(document: Json) -> None:
            document["data"] = dict.fromkeys(document["data"], "bm90aGluZw==")

        seen = [passwords()]
        estate.operator.change("secrets", estate.namespace, "accounting-credentials", edit)
        seen.append(passwords())
        for pod in estate.pods_of("accounting"):
            estate.operator.delete("pods", estate.namespace, pod["metadata"]["name"])
        estate.advance(2 * MINUTE_MS)
        return [*seen, passwords()]

    before, edited, restarted = branch(explore)
    assert edited == before
    assert restarted
    assert restarted != before


def test_a_mounted_file_follows_its_config_map(estate: Estate) -> None:
    def mounted() -> set[str]:
        found = [each for each in estate.network.instances() if each.workload == "flagd"]
        return {text for each in found for text in each.files.values()}

    def explore() -> set[str]:
        def edit(document: Json) -> None:
            document["data"] = dict.fromkeys(document["data"], "{}")

        estate.operator.change("configmaps", estate.namespace, "flagd-config", edit)
        return mounted()

    assert all(len(text) > 100 for text in mounted())
    assert branch(explore) == {"{}"}
