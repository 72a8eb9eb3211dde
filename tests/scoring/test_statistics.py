"""Statistics are unbiased, seeded, clustered by scenario, and leave void attempts out."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.errors import Owner
from opsrange.scoring.statistics import (
    Attempt,
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


def test_the_interval_resamples_scenarios_and_not_attempts() -> None:
    """Ten repeats of each scenario that agree carry no more information than one of each."""
    once = [("a", 1.0), ("b", 0.0), ("c", 1.0), ("d", 0.0)]
    assert clustered_interval(once * 10) == clustered_interval(once)


def test_the_interval_is_seeded() -> None:
    values = [(str(index), float(index % 3 == 0)) for index in range(12)]
    assert clustered_interval(values, seed=1) == clustered_interval(list(reversed(values)), seed=1)


def test_a_perfect_record_claims_no_certainty() -> None:
    interval = clustered_interval([(str(index), 1.0) for index in range(12)])
    assert interval is not None
    assert 0.7 < interval.low < 0.8
    assert interval.high == pytest.approx(1)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.floats(0, 1)),
        min_size=1,
        max_size=20,
    )
)
def test_an_interval_is_ordered_and_within_bounds(values: list[tuple[str, float]]) -> None:
    interval = clustered_interval(values)
    assert interval is not None
    assert 0 <= interval.low <= interval.high <= 1 + 1e-9


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
