"""One thing changes in the estate; everything else follows from the model.

Method: a shop on a network of plain data, one change, a few virtual minutes, then users' truth, logs and metrics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opsrange.apps.ports import Reach
from opsrange.apps.registry import Release

if TYPE_CHECKING:
    from tests.simulation.apps.conftest import Shop

OpenShop = Callable[..., "Shop"]
MIB = 1 << 20


def test_a_healthy_shop_is_quiet_and_noisy_at_once(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(20)
    assert shop.failing(minutes=20) <= 0.003
    slowest = [row.p95_ms for row in shop.app.journeys if row.operation == "checkout"][12:]
    assert max(slowest) < 1.6 * min(slowest)
    assert shop.exits == []
    assert sum(row.failed for row in shop.app.journeys) > 0, "small benign errors exist"
    assert 1_000 < len(shop.recorder.logs) < 5_000
    assert {spans[0].name for spans in shop.recorder.traces} >= {"user_home", "user_view_product"}
    for spans in shop.recorder.traces:
        pods = {(span.span_id, span.service): span.pod for span in spans}
        assert all(pods.values())
        assert all(
            span.pod == pods.get((span.parent_id, span.service), span.pod) for span in spans
        ), "a call is made by the pod that serves the request"


def test_a_wrong_address_is_a_name_that_does_not_resolve(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(2)
    shop.network.change("checkout", env={"PAYMENT_ADDR": "payments:50051"})
    shop.run(2)
    assert shop.failing("checkout") == 1.0
    assert shop.failing("home", "view_cart", "add_to_cart") < 0.02
    assert shop.recorder.said("checkout", "lookup payments on 10.96.0.10:53: no such host")
    assert shop.recorder.said("frontend", "failed to call payment")
    errors = shop.recorder.total(
        "traces_span_metrics_calls_total",
        service_name="checkout",
        span_kind="SPAN_KIND_SERVER",
        status_code="STATUS_CODE_ERROR",
    )
    assert errors > 50
    failed = [spans for spans in shop.recorder.traces if any(s.error for s in spans)]
    blamed = {s.service for spans in failed[-5:] for s in spans if s.error}
    assert blamed == {"load-generator", "frontend-proxy", "frontend", "checkout"}


def test_a_service_leading_to_another_port_is_refused(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(2)
    shop.network.target_ports["cart"] = 7071
    shop.network.version += 1
    shop.run(2)
    assert shop.failing("view_cart", "add_to_cart", "checkout") == 1.0
    assert shop.recorder.said("frontend", "ECONNREFUSED 10.96.0.")


def test_a_process_may_be_moved_with_its_service(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.network.change("cart", env={"CART_PORT": "7171"}, restart=1)
    shop.network.target_ports["cart"] = 7171
    shop.run(2)
    assert shop.failing() <= 0.01


def test_a_policy_makes_calls_time_out(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(2)
    shop.network.forced["cart", "valkey-cart"] = Reach.TIMEOUT
    shop.network.version += 1
    shop.run(2)
    assert shop.failing("view_cart") == 1.0
    assert shop.p95_ms("view_cart") > 4_000
    assert shop.recorder.said("cart", "Can't access cart storage.")


@pytest.mark.parametrize("service", ["currency", "product-catalog", "cart"])
def test_no_instance_refuses(open_shop: OpenShop, service: str) -> None:
    shop = open_shop()
    shop.run(1)
    shop.network.remove(service)
    shop.run(2)
    assert shop.failing("view_cart") == 1.0
    assert shop.recorder.said("frontend", "ECONNREFUSED")
    assert shop.failing("images") < 0.02


def test_a_low_memory_limit_kills_again_and_again(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    shop.network.change(
        "ad", memory_limit_bytes=150 * MIB, restart=1, started_ms=shop.kernel.now_ms
    )
    shop.run(3)
    assert len(shop.exits) > 4
    assert {(code, reason) for _, _, _, code, reason in shop.exits} == {(137, "OOMKilled")}
    assert shop.failing("ads") > 0.5


def test_a_leaking_release_dies_after_minutes_and_the_old_one_does_not(
    open_shop: OpenShop,
) -> None:
    shop = open_shop()
    leaky = Release(service="product-catalog", memory_leak_bytes_per_request=30_000)
    shop.app.registry.publish("registry.corp.example/shop/product-catalog:2.1.4", leaky)
    shop.run(1)
    changed_ms = shop.kernel.now_ms
    shop.network.change("product-catalog", release="2.1.4", restart=1)
    shop.run(8)
    assert shop.exits
    assert 60_000 < shop.exits[0][0] - changed_ms < 400_000
    shop.network.change("product-catalog", release="2.1.3", restart=9)
    before = len(shop.exits)
    shop.run(8)
    assert len(shop.exits) == before


def test_a_pool_of_one_is_exhausted_and_slows_its_callers(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(2)
    calm_ms = shop.p95_ms("view_product")
    shop.network.change("product-catalog", env={"DB_POOL_MAX": "1"})
    shop.run(4)
    assert shop.failing("view_product") > 0.1
    assert shop.p95_ms("view_product") > 4 * calm_ms
    assert shop.recorder.said("product-catalog", "failed to acquire connection from pool")
    used = [
        value
        for (name, labels), value in shop.recorder.gauges.items()
        if name == "db_client_connections_usage"
        and ("service_name", "product-catalog") in labels
        and ("state", "used") in labels
    ]
    assert used == [1.0] * len(used) != []
    shop.network.change("product-catalog", env={"DB_POOL_MAX": "20"})
    shop.run(3)
    assert shop.failing("view_product") < 0.02
    assert shop.p95_ms("view_product") < 1.5 * calm_ms


def test_pools_beyond_the_database_starve_everybody(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    shop.network.change("product-catalog", env={"DB_POOL_MAX": "900"})
    shop.run(2)
    assert shop.recorder.said("product-reviews", "sorry, too many clients already")
    assert shop.failing("reviews") > 0.3


@pytest.mark.parametrize(
    ("flag", "variant", "operation"),
    [
        ("adFailure", "on", "ads"),
        ("paymentFailure", "50%", "checkout"),
        ("paymentUnreachable", "on", "checkout"),
        ("productCatalogFailure", "on", "view_product"),
    ],
)
def test_flags_act_on_the_services_that_ask(
    open_shop: OpenShop, flag: str, variant: str, operation: str
) -> None:
    shop = open_shop()
    shop.run(1)
    shop.flag(flag, variant)
    shop.run(3)
    assert shop.failing(operation, minutes=2) > 0.15
    assert shop.failing("images", minutes=2) < 0.02
    shop.network.remove("flagd")
    shop.run(3)
    assert shop.failing(operation, minutes=2) < 0.02, "without flagd, defaults apply"


def test_slow_and_leaking_flags_show_in_latency_and_memory(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    shop.flag("imageSlowLoad", "5sec")
    shop.flag("emailMemoryLeak", "1000x")
    email = next(each for each in shop.network.present if each.workload == "email")
    before = shop.app.usage(email).memory_bytes
    shop.run(1)
    assert shop.p95_ms("images") > 5_000
    assert shop.exits or shop.app.usage(email).memory_bytes > before + 20 * MIB


def test_a_starved_processor_slows_and_then_fails(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    calm_ms = shop.p95_ms("view_product")
    shop.network.change("frontend", cpu_limit_millicores=30)
    shop.run(5)
    assert shop.p95_ms("view_product") > 5 * calm_ms


def test_consumers_that_are_gone_leave_a_lag_that_is_worked_off(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(2)
    assert all(lag < 20 for lag in shop.app.lags.values())
    orders = shop.app.data["postgresql", "orders"].items
    accounting = [each for each in shop.network.present if each.workload == "accounting"]
    shop.network.remove("accounting")
    shop.run(4)
    assert shop.app.lags["accounting"] > 100
    assert shop.app.data["postgresql", "orders"].items == orders
    shop.network.present.extend(accounting)
    shop.network.version += 1
    shop.run(6)
    assert shop.app.lags["accounting"] < 30
    assert shop.app.data["postgresql", "orders"].items > orders + 200
    assert shop.failing(minutes=12) < 0.01, "users never notice"


def test_no_load_generator_means_nobody_asks(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.run(1)
    shop.network.remove("load-generator")
    shop.run(1)
    assert [row.attempted for row in shop.app.journeys][-9:] == [0] * 9


def test_a_release_that_errs_says_its_own_words(open_shop: OpenShop) -> None:
    shop = open_shop()
    message = 'parse error near "{"'
    bad = Release(service="quote", error_rate=0.4, error_message=message)
    shop.app.registry.publish("registry.corp.example/shop/quote:2.1.4", bad)
    one, *others = [each for each in shop.network.present if each.workload == "quote"]
    shop.network.change("quote", release="2.1.4", restart=1)
    shop.run(2)
    everywhere = shop.failing("view_cart")
    assert 0.3 < everywhere < 0.5
    assert shop.recorder.said("quote", message)
    rest = [each for each in shop.network.present if each.workload != "quote"]
    shop.network.present = [*rest, replace(one, release="2.1.4", restart=1), *others]
    shop.network.version += 1
    shop.run(2)
    assert shop.failing("view_cart") < 0.7 * everywhere, "one instance of two errs"
