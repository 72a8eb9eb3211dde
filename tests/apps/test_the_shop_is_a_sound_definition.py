"""The catalogue's shop: complete, consistent, and small enough for the cluster it is meant for."""

from __future__ import annotations

import random
import string

import pytest

from opsrange.apps.definition import load, read
from opsrange.apps.manifests import render
from opsrange.apps.registry import Registry, Release
from opsrange.apps.topology import target
from opsrange.errors import AuthorError
from opsrange.types import Json

SHOP = load("shop")
NODES = 3
NODE_MILLICORES = 4_000
NODE_MEBIBYTES = 16 * 1024


def _objects(seed: int) -> list[Json]:
    return render(SHOP, Registry(SHOP), "shop", random.Random(seed))


def _millicores(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(text) * 1000


def _mebibytes(text: str) -> int:
    return int(text[:-2]) * (1024 if text.endswith("Gi") else 1)


@pytest.mark.parametrize("seed", range(5))
def test_everything_fits_on_three_nodes(seed: int) -> None:
    pods = cores = memory = 0
    for each in _objects(seed):
        if each["kind"] == "Deployment":
            replicas = each["spec"]["replicas"]
            wanted = each["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]
            pods += replicas
            cores += replicas * _millicores(wanted["cpu"])
            memory += replicas * _mebibytes(wanted["memory"])
    assert 35 <= pods <= 45
    assert cores < NODES * NODE_MILLICORES * 0.7
    assert memory < NODES * NODE_MEBIBYTES * 0.7


def test_every_reference_between_objects_leads_somewhere() -> None:
    objects = _objects(1)
    names = {(each["kind"], each["metadata"]["name"]) for each in objects}
    for each in objects:
        if each["kind"] != "Deployment":
            continue
        pod = each["spec"]["template"]["spec"]
        assert ("ServiceAccount", pod["serviceAccountName"]) in names
        for volume in pod.get("volumes", []):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in names
        for entry in pod["containers"][0]["env"]:
            if "valueFrom" in entry:
                assert ("Secret", entry["valueFrom"]["secretKeyRef"]["name"]) in names
    assert len(names) == len(objects)


def test_every_default_address_names_the_dependency() -> None:
    for name, service in SHOP.services.items():
        for dependency, how in service.dependencies.items():
            env = {key: text.removeprefix("secret:") for key, text in service.env.items()}
            host, port = target(how, env)
            assert host == dependency, f"{name} -> {dependency}"
            assert port in [each.port for each in SHOP.services[dependency].ports]


def test_every_required_variable_is_set() -> None:
    for service in SHOP.services.values():
        assert set(service.required) <= set(service.env)


def test_every_flag_of_the_file_belongs_to_a_service() -> None:
    declared = set(read("shop_data")["flags"])
    assert {flag for service in SHOP.services.values() for flag in service.flags} == declared


def test_every_language_has_a_voice() -> None:
    assert {service.language for service in SHOP.services.values()} <= set(read("voices"))


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_templates_ask_for_words_that_exist() -> None:
    drawn = {"op", "status", "ms", "product", "category", "user", "uuid", "email", "price"}
    drawn |= {"quantity", "number", "stamp", "clf", "ms_now"}
    known = {"host", "port", "address", "ip", "callee", "service", "path", "cause", "size"}
    known |= {"used", "seconds"}
    for voice in read("voices").values():
        assert _fields(voice.get("served", "")) <= drawn
        assert _fields(voice.get("started", "")) <= {"port", "service", "stamp"}
        assert _fields(voice.get("missing", "")) <= {"name", "service", "module"}
        for reasons in voice.get("errors", {}).values():
            for template in reasons.values():
                assert _fields(template) <= drawn | known, template
    for service in SHOP.services.values():
        for operation in service.operations.values():
            for line in operation.lines:
                assert _fields(line) <= drawn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cart:7070", ("cart", 7070)),
        ("http://shipping:50050/", ("shipping", 50050)),
        ("postgres://u:p@db.shop:6432/x?sslmode=disable", ("db.shop", 6432)),
        ("Host=db;Port=5433;Username=u;Password=p", ("db", 5433)),
        ("host=db user=u dbname=host", ("db", 5432)),
        ("db", ("db", 5432)),
        ("db:none", ("db", 0)),
        ("", ("", 5432)),
    ],
)
def test_addresses_are_read_as_clients_read_them(text: str, expected: tuple[str, int]) -> None:
    how = SHOP.services["product-catalog"].dependencies["postgresql"]
    assert target(how, {"DB_CONNECTION_STRING": text}) == expected


def test_every_service_has_a_history_of_healthy_releases() -> None:
    registry = Registry(SHOP)
    for name in SHOP.services:
        tags = registry.tags(name)
        assert len(tags) >= 3
        assert registry.find(f"{SHOP.repository(name)}:{tags[0]}") == Release(service=name)
    assert registry.find("registry.corp.example/shop/cart:9.9.9") is None


def test_a_release_of_no_known_repository_is_refused() -> None:
    with pytest.raises(AuthorError, match="known repositories"):
        Registry(SHOP).publish("elsewhere/cart:1", Release(service="cart"))
