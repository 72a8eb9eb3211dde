"""Counters persist, gauges go stale, histograms cumulate, pods' series end, memory is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsrange.telemetry.metrics import MetricStore
from opsrange.world import Kernel

if TYPE_CHECKING:
    from tests.telemetry.conftest import World


def test_a_counter_persists_without_being_touched(world: World) -> None:
    world.metrics.count("requests_total", {"job": "a"}, 3)
    for _ in range(40):
        world.scrape()
    assert world.query("requests_total") == {"job=a": 3}


def test_labels_in_another_order_are_the_same_series(world: World) -> None:
    world.metrics.count("requests_total", {"a": "1", "b": "2"}, 1)
    world.metrics.count("requests_total", {"b": "2", "a": "1"}, 1)
    world.scrape()
    assert world.query("requests_total") == {"a=1,b=2": 2}


def test_swapped_label_values_are_another_series(world: World) -> None:
    world.metrics.count("requests_total", {"a": "1", "b": "2"}, 1)
    world.metrics.count("requests_total", {"a": "2", "b": "1"}, 5)
    world.scrape()
    assert world.query("requests_total") == {"a=1,b=2": 1, "a=2,b=1": 5}


def test_a_gauge_goes_stale_after_two_scrapes_and_comes_back(world: World) -> None:
    world.metrics.gauge("load", {}, 1)
    world.scrape()
    world.scrape()
    assert world.query("load") == {"": 1}
    world.scrape()
    assert world.query("load") == {}
    world.metrics.gauge("load", {}, 2)
    world.scrape()
    assert world.query("load") == {"": 2}
    assert world.query("count_over_time(load[5m])") == {"": 3}


def test_forgetting_a_pod_ends_its_series_alone(world: World) -> None:
    for pod in ("a", "b"):
        world.metrics.count("requests_total", {"pod": pod, "code": "200"}, 7)
        world.metrics.buckets("latency", {"pod": pod}, {1.0: 2, float("inf"): 1}, 9)
    world.scrape()
    world.metrics.forget({"pod": "a"})
    world.scrape()
    assert world.query("requests_total") == {"code=200,pod=b": 7}
    assert set(world.query("latency_bucket")) == {"le=1,pod=b", "le=+Inf,pod=b"}
    world.metrics.count("requests_total", {"pod": "a", "code": "200"}, 1)
    world.metrics.buckets("latency", {"pod": "a"}, {1.0: 1}, 1)
    world.scrape()
    assert world.query('requests_total{pod="a"}') == {"code=200,pod=a": 1}
    assert world.query('latency_count{pod="a"}') == {"pod=a": 1}


def test_buckets_are_cumulated_and_a_late_bound_joins(world: World) -> None:
    world.metrics.buckets("latency", {}, {1.0: 2, 5.0: 3, float("inf"): 1}, 20)
    world.metrics.buckets("latency", {}, {2.5: 4}, 8)
    world.scrape()
    assert world.query("latency_bucket") == {"le=1": 2, "le=2.5": 6, "le=5": 9, "le=+Inf": 10}
    assert world.query("latency_count + latency_sum") == {"": 38}


def test_collectors_run_before_each_scrape(world: World) -> None:
    world.metrics.collector(lambda: world.metrics.gauge("now", {}, world.kernel.now_ms / 1000))
    world.scrape()
    world.scrape()
    assert world.query("now") == {"": world.kernel.now_ms / 1000}


def test_rows_beyond_the_retention_are_dropped_and_rates_still_hold() -> None:
    kernel = Kernel("seed", 0)
    store = MetricStore(kernel, retention_ms=600_000)
    for _ in range(400):
        kernel.now_ms += 15_000
        store.count("requests_total", {}, 15)
        store.scrape()
    assert len(store.rows) < 120
    assert store.base + len(store.rows) == 400
    assert store.span(kernel.now_ms - 600_000, kernel.now_ms)[1] == len(store.rows)


def test_start_scrapes_every_15_seconds_after_everything_else_of_the_instant(world: World) -> None:
    world.telemetry.start()
    world.kernel.every(5_000, lambda: world.metrics.count("steps_total", {}, 1))
    world.advance(60)
    assert [t % 15_000 for t in world.metrics.times] == [0] * 4
    assert world.query("steps_total") == {"": 12}
