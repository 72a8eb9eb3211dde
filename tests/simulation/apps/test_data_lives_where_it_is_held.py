"""Durable state is lost exactly when its holder is, and the loss can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.apps.conftest import Shop

OpenShop = Callable[..., "Shop"]


def test_restarting_a_stateless_service_loses_nothing(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    shop.network.change("cart", restart=1, started_ms=shop.kernel.now_ms)
    shop.run(1)
    assert all(held.lost == 0 for held in shop.app.data.values())
    assert shop.app.data["valkey-cart", "carts"].items > 500


def test_restarting_the_cache_loses_the_carts(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    before = shop.app.data["valkey-cart", "carts"].items
    shop.network.change("valkey-cart", restart=1, started_ms=shop.kernel.now_ms)
    shop.run(1)
    carts = shop.app.data["valkey-cart", "carts"]
    assert carts.lost >= before * 0.99
    assert carts.items < 200


def test_a_database_survives_its_container_but_not_its_pod(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    shop.network.change("postgresql", restart=1, started_ms=shop.kernel.now_ms)
    shop.run(1)
    assert shop.app.data["postgresql", "orders"].lost == 0
    shop.network.change("postgresql", uid="postgresql-new", started_ms=shop.kernel.now_ms)
    shop.run(1)
    orders = shop.app.data["postgresql", "orders"]
    assert orders.lost > 48_000
    assert orders.holder_uid == "postgresql-new"
