"""The heat map counts primary classes of failed attempts, says when it abstains, and marks what is experimental."""

from __future__ import annotations

from tests.reports.judged import judged

from opsrange.diagnosis.diagnosis import Diagnosis
from opsrange.errors import Owner
from opsrange.reports.failures import failures_of
from opsrange.reports.page import render
from opsrange.reports.results import AttemptResult, Results, results_of


def attempt(primary: str | None, *, failed: float = 60.0, family: str = "network") -> AttemptResult:
    return AttemptResult(
        scenario="some",
        seed=1,
        task="opsrange/sre_repair",
        verdict=judged(failed, family=family),
        diagnosis=Diagnosis(outcome="failed", primary=primary, why="because"),
    )


def results(**agents: list[AttemptResult]) -> Results:
    return results_of({name: list(each) for name, each in agents.items()}, "0", {})


def test_classes_are_counted_per_agent_and_family() -> None:
    found = failures_of(
        results(a=[attempt("L1"), attempt("L1", family="release")], b=[attempt("X1")])
    )
    assert found is not None
    counts = {row.code: [cell.count for cell in row.cells] for row in found.overall.rows}
    assert counts == {"L1": [2, 0], "X1": [0, 1]}
    assert found.agents[0].map.columns == ["network", "release"]


def test_abstention_is_a_row_of_its_own() -> None:
    found = failures_of(results(a=[attempt(None)]))
    assert found is not None
    assert [(row.code, row.family) for row in found.overall.rows] == [("?", "abstained")]


def test_what_passed_or_is_void_is_no_failure() -> None:
    void = attempt("L1")
    void.void_owner = Owner.WORLD
    assert failures_of(results(a=[attempt("L1", failed=0.0), void])) is None


def test_the_darkest_cell_is_every_attempt() -> None:
    found = failures_of(results(a=[attempt("L1"), attempt("L1"), attempt("L1", failed=0.0)]))
    assert found is not None
    assert found.overall.rows[0].cells[0].level == 3
    whole = failures_of(results(a=[attempt("L1")]))
    assert whole is not None
    assert whole.overall.rows[0].cells[0].level == 4


def test_the_page_draws_it() -> None:
    page = render(results(a=[attempt("L1")]))
    assert "Where they fail" in page
    assert "log analysis" in page
