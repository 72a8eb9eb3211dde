"""What is asked for is either found or refused in one line that says what there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai._util.config import parse_cli_args

from opsrange.errors import OperatorError
from opsrange.tasks.dataset import Seeds, choose_scenarios, instances, parse_seeds
from opsrange.tasks.sre import sre_diagnosis, sre_repair
from opsrange.tasks.suite import Suite, prepare

KNOWN = ["flag-switched", "quota-exhausted"]
SETS = {"one": ["flag-switched"], "all": KNOWN}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (7, [7]),
        ("7", [7]),
        ("1-3", [1, 2, 3]),
        ("1, 4-5,4", [1, 4, 5]),
        (" 2 - 3 ", [2, 3]),
        ([1, "4-5"], [1, 4, 5]),
    ],
)
def test_seeds(asked: Seeds, found: list[int]) -> None:
    assert parse_seeds(asked) == found


@pytest.mark.parametrize("task", [sre_diagnosis, sre_repair])
@pytest.mark.parametrize("asked", ["1,4-5", "[1, 4-5]", "'1,4-5'"])
def test_seeds_as_inspects_command_line_hands_them_over(
    task: Callable[..., Task], asked: str
) -> None:
    arguments = parse_cli_args([f"seeds={asked}", "scenario=scaled-to-zero"])
    ids = [sample.id for sample in task(**arguments).dataset]
    assert ids == [f"scaled-to-zero@{seed}" for seed in (1, 4, 5)]


@pytest.mark.parametrize(
    "asked", ["", "x", "3-1", "-1", "1-", "1-99999999", "1;2", [], [1.5], [[1]]]
)
def test_seeds_refused(asked: Seeds) -> None:
    with pytest.raises(OperatorError, match=r"expected e\.g\. 7"):
        parse_seeds(asked)


def test_scenarios() -> None:
    assert choose_scenarios("all", SETS) == KNOWN
    assert choose_scenarios("one,quota-exhausted", SETS) == ["flag-switched", "quota-exhausted"]
    assert choose_scenarios("quota-exhausted, flag-switched,quota-exhausted", SETS) == [
        "quota-exhausted",
        "flag-switched",
    ]


def test_a_misspelt_scenario_names_its_neighbour() -> None:
    with pytest.raises(OperatorError, match="did you mean flag-switched"):
        choose_scenarios("flag-switchd", SETS)


def test_no_scenario_is_refused() -> None:
    with pytest.raises(OperatorError, match="known are"):
        choose_scenarios(" , ", SETS)


def test_one_sample_per_instance() -> None:
    dataset = instances(["a", "a", "b"], [1, 2], lambda scenario, seed: "local")
    assert [sample.id for sample in dataset] == ["a@1", "a@2", "b@1", "b@2"]


def test_the_original_has_no_repair() -> None:
    with pytest.raises(OperatorError, match="sre_diagnosis"):
        sre_repair(profile="itbench_aa")


def test_the_original_has_its_own_number_of_epochs() -> None:
    profile = {"profile": "itbench_aa"}
    assert Suite(models=(), folder=Path()).repeats == 1
    assert Suite(models=(), folder=Path(), epochs=2).repeats == 2
    assert Suite(models=(), folder=Path(), task_args=profile).repeats == 3
    with pytest.raises(OperatorError, match="the rules of itbench_aa are 3"):
        prepare(Suite(models=(), folder=Path(), epochs=1, task_args=profile))
