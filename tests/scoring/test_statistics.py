"""Statistics are unbiased, clustered by scenario, and leave void attempts out."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.errors import Owner
from opsrange.scoring.statistics import (
    Attempt,
    Interval,
    clustered_interval,
    exact_upper,
    pass_hat_k,
    summarise,
    wilson,
)


def attempt(scenario: str, passed: bool | None, seed: int = 1, **more: float) -> Attempt:
    score = None if passed is None else float(passed)
    owner = Owner.WORLD if passed is None else None
    return Attempt.model_validate(
        {
            "scenario": scenario,
            "seed": seed,
            "passed": passed,
            "score": score,
            "void_owner": owner,
            **more,
        }
    )


@given(st.lists(st.booleans(), min_size=1, max_size=7), st.data())
def test_pass_hat_k_is_the_share_of_drawn_sets_that_all_pass(
    results: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(results)))
    sets = list(itertools.combinations(results, k))
    assert pass_hat_k(sum(results), len(results), k) == pytest.approx(
        sum(map(all, sets)) / len(sets)
    )


def test_pass_hat_k_refuses_what_is_not_defined() -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_hat_k(1, 2, 3)


def test_void_attempts_are_counted_and_enter_no_other_number() -> None:
    summary = summarise([attempt("a", True), attempt("b", None), attempt("b", False)])
    assert (summary.attempts, summary.scored, summary.void) == (3, 2, {"world": 1})
    assert summary.pass_at_1 == 0.5


def test_no_attempts_claim_nothing() -> None:
    summary = summarise([attempt("a", None)])
    assert summary.pass_at_1 is None
    assert summary.pass_at_1_interval is None
    assert summary.pass_hat == {}


def test_costs_and_times_are_over_what_is_known() -> None:
    rows = [
        attempt("a", True, cost_usd=1.0, to_repair_ms=100),
        attempt("b", True, to_repair_ms=300),
        attempt("c", False, cost_usd=3.0, to_repair_ms=9),
    ]
    summary = summarise(rows)
    assert summary.cost_usd_mean == 2
    assert summary.to_repair_ms_median == 200
    assert summary.turns_mean is None


def test_pass_hat_is_over_instances_repeated_as_often() -> None:
    rows = [
        attempt("a", passed, seed) for seed, passed in [(1, True), (1, True), (2, True), (2, False)]
    ]
    assert summarise(rows).pass_hat == pytest.approx({1: 0.75, 2: 0.5})


def test_the_interval_counts_scenarios_and_not_attempts() -> None:
    """Ten repeats of each scenario that agree carry no more information than one of each."""
    once = [(str(index), float(index % 2)) for index in range(12)]
    interval = clustered_interval(once * 10)
    assert interval == clustered_interval(once)
    assert interval != clustered_interval([(str(index), float(index % 2)) for index in range(120)])


def test_a_perfect_record_claims_no_certainty() -> None:
    interval = clustered_interval([(str(index), 1.0) for index in range(12)])
    assert interval is not None
    assert 0.7 < interval.low < 0.8
    assert interval.high == pytest.approx(1)


VALUES = st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 1)), min_size=1, max_size=20)


@given(VALUES)
def test_an_interval_has_width_and_holds_the_mean(values: list[tuple[str, float]]) -> None:
    interval = clustered_interval(values)
    assert interval is not None
    mean = sum(value for _, value in values) / len(values)
    assert 0 <= interval.low <= mean + 1e-9
    assert mean - 1e-9 <= interval.high <= 1
    assert interval.high - interval.low > 0.1


@given(VALUES, st.randoms())
def test_an_interval_does_not_depend_on_the_order(
    values: list[tuple[str, float]], chance: random.Random
) -> None:
    shuffled = [*values]
    chance.shuffle(shuffled)
    names = dict(zip("abcde", "decba", strict=True))
    assert clustered_interval(shuffled) == clustered_interval(values)
    assert clustered_interval([(names[name], value) for name, value in values]) == (
        clustered_interval(values)
    )


@given(st.integers(1, 40), st.integers(1, 6), st.data())
def test_a_perfect_record_is_never_less_sure_than_one_with_a_failure(
    scenarios: int, repeats: int, data: st.DataObject
) -> None:
    def of(failures: int) -> Interval:
        passed = [index >= failures for index in range(scenarios * repeats)]
        found = clustered_interval(
            [(str(index // repeats), float(each)) for index, each in enumerate(passed)]
        )
        assert found is not None
        return found

    failures = data.draw(st.integers(1, scenarios * repeats))
    perfect, flawed = of(0), of(failures)
    assert flawed.low <= perfect.low
    assert of(scenarios * repeats).high == pytest.approx(1 - perfect.low)


@pytest.mark.parametrize("scenarios", [1, 2, 3, 8, 12, 50])
def test_more_scenarios_that_pass_make_surer(scenarios: int) -> None:
    fewer = clustered_interval([(str(index), 1.0) for index in range(scenarios)])
    more = clustered_interval([(str(index), 1.0) for index in range(scenarios + 1)])
    assert fewer is not None
    assert more is not None
    assert more.low > fewer.low or more.low == 0


def test_scenarios_that_all_pass_half_the_time_are_no_certainty() -> None:
    interval = clustered_interval([(str(index // 2), float(index % 2)) for index in range(24)])
    assert interval is not None
    assert interval.low < 0.4
    assert interval.high > 0.6


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("scenarios", [4, 12])
def test_an_interval_holds_the_truth_as_often_as_it_says(scenarios: int, share: float) -> None:
    """Repeats of a scenario that agree wholly, the worst that clustering can do."""
    chance, runs, held = random.Random(7), 400, 0
    for _ in range(runs):
        drawn = [(str(index), float(chance.random() < share)) for index in range(scenarios)]
        interval = clustered_interval(drawn * 3)
        assert interval is not None
        held += interval.low <= share <= interval.high
    assert held / runs >= 0.93


def test_wilson_of_nothing_is_everything() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)
    assert math.isclose(wilson(5, 10).low + wilson(5, 10).high, 1)


@pytest.mark.parametrize(
    ("events", "n", "bound"), [(515, 1030, 0.5261), (0, 10_000, 2.995e-4), (9_999, 10_000, 1.0)]
)
def test_an_exact_bound_of_many_runs(events: int, n: int, bound: float) -> None:
    assert exact_upper(events, n) == pytest.approx(bound, abs=1e-4)


def test_one_more_pass_never_lowers_pass_at_1() -> None:
    rows = [attempt("a", True), attempt("b", False)]
    better = summarise([*rows, attempt("b", True)])
    before = summarise(rows)
    assert better.pass_at_1 is not None
    assert before.pass_at_1 is not None
    assert better.pass_at_1 > before.pass_at_1
