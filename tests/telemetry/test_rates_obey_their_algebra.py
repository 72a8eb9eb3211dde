"""What must hold of rates whatever the samples: two ways of computing agree, and sums distribute."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from opsrange.telemetry.metrics import MetricStore, labels_of
from opsrange.telemetry.promql import Engine
from opsrange.world import Kernel

increments = st.lists(st.integers(0, 50), min_size=3, max_size=40)
values = st.lists(st.integers(0, 1_000), min_size=3, max_size=40)


def scraped(samples: list[int], *, written: bool) -> tuple[Engine, int]:
    """The samples as a series: through scrapes, or through writes, which never take the quick way."""
    kernel = Kernel("seed", 1_700_000_000_000)
    store = MetricStore(kernel)
    for value in samples:
        kernel.now_ms += 15_000
        if not written:
            store.gauge("x", {}, value)
        store.scrape()
        if written:
            store.write(labels_of("x", {}), value)
    return Engine(store), kernel.now_ms


@given(values, st.sampled_from(["rate", "increase", "delta"]), st.integers(20, 700))
def test_the_quick_way_agrees_with_the_long_one(
    samples: list[int], function: str, range_s: int
) -> None:
    expression = f"{function}(x[{range_s}s])"
    quick, now_ms = scraped(samples, written=False)
    long, _ = scraped(samples, written=True)
    for instant_ms in (now_ms, now_ms + 7_000, now_ms - 30_000):
        a = quick.vector(expression, instant_ms)
        b = long.vector(expression, instant_ms)
        assert a.labels == b.labels
        assert all(
            math.isclose(x, y, rel_tol=1e-12) for x, y in zip(a.values, b.values, strict=True)
        )


@given(values)
def test_increase_is_rate_times_the_range_and_never_negative(samples: list[int]) -> None:
    engine, now_ms = scraped(samples, written=False)
    rate = engine.vector("rate(x[3m])", now_ms).values
    increase = engine.vector("increase(x[3m])", now_ms).values
    assert all(value >= 0 for value in rate)
    assert all(math.isclose(a * 180, b) for a, b in zip(rate, increase, strict=True))


@given(increments)
def test_a_steady_window_increases_by_what_was_counted(steps: list[int]) -> None:
    kernel = Kernel("seed", 1_700_000_000_000)
    store = MetricStore(kernel)
    for step in steps:
        kernel.now_ms += 15_000
        store.count("x", {}, step)
        store.scrape()
    covered_s = 15 * (len(steps) - 1)
    found = Engine(store).vector(f"increase(x[{covered_s}s])", kernel.now_ms).values
    assert math.isclose(found[0], sum(steps[1:]), abs_tol=1e-9)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=5, max_size=20))
def test_grouped_sums_add_up_to_the_whole(steps: list[tuple[int, int]]) -> None:
    kernel = Kernel("seed", 1_700_000_000_000)
    store = MetricStore(kernel)
    for pair in steps:
        kernel.now_ms += 15_000
        for number, step in enumerate(pair):
            for zone in "ab":
                store.count("x", {"n": str(number), "zone": zone}, step)
        store.scrape()
    engine = Engine(store)
    whole = engine.vector("sum(rate(x[1m]))", kernel.now_ms).values
    parts = engine.vector("sum(sum by (n) (rate(x[1m])))", kernel.now_ms).values
    assert math.isclose(whole[0], parts[0], rel_tol=1e-12)
