"""What documents were worth, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from opsrange.scoring.knowledge import (
    CheckedCitation,
    CheckedQuotes,
    DocumentedAttempt,
    Required,
    check_quotes,
    summarise_knowledge,
)
from opsrange.scoring.statistics import mean_difference, ratio_of_means
from opsrange.trace import Citation, DocumentUse, Quote, Report, RootCause, Step

NEEDED = Required(governing=["G1", "G2"], superseded=["S"], decoys=["D"])


def attempt(arm: str, scenario: str, passed: bool | None, **more: object) -> DocumentedAttempt:
    document = {"scenario": scenario, "seed": 1, "arm": arm, "passed": passed, **more}
    return DocumentedAttempt.model_validate(document)


PASSES = {"none": "0001", "bm25": "0011", "golden": "0111", "stale": "0000"}
"""Per arm, whether scenarios a, b, c and d pass."""
MANY = [
    attempt(arm, scenario, passed == "1", harmed=arm == "stale")
    for arm, row in PASSES.items()
    for scenario, passed in zip("abcd", row, strict=True)
]


def test_lift_ceiling_and_efficiency() -> None:
    summary = summarise_knowledge("agent", MANY)
    assert [arm.arm for arm in summary.arms] == ["none", "bm25", "stale", "golden"]
    none, bm25, stale, golden = summary.arms
    assert [arm.pass_rate for arm in summary.arms] == [0.25, 0.5, 0.0, 0.75]
    assert none.lift is None
    assert none.efficiency is None
    assert bm25.lift is not None
    assert (bm25.lift.value, bm25.lift.pairs) == (0.25, 4)
    assert summary.ceiling is not None
    assert summary.ceiling.value == 0.5
    assert bm25.efficiency is not None
    assert bm25.efficiency.value == 0.5
    assert golden.efficiency is not None
    assert golden.efficiency.value == 1.0
    assert stale.lift is not None
    assert stale.lift.value == -0.25
    assert stale.harm_lift is not None
    assert stale.harm_lift.value == 1.0
    assert (bm25.better, bm25.worse, stale.better, stale.worse) == (1, 0, 0, 1)


def test_repeats_are_averaged_before_instances_are_paired() -> None:
    rows = [attempt("none", "a", False)] * 3
    rows += [attempt("bm25", "a", True), attempt("bm25", "a", False), attempt("bm25", "b", True)]
    [_, bm25] = summarise_knowledge("agent", rows).arms
    assert bm25.lift is not None
    assert (bm25.lift.value, bm25.lift.pairs) == (0.5, 1)


def test_void_attempts_enter_no_number() -> None:
    rows = [attempt("none", "a", None), attempt("bm25", "a", True)]
    [bm25] = summarise_knowledge("agent", rows).arms
    assert (bm25.arm, bm25.scored, bm25.lift) == ("bm25", 1, None)


def test_nothing_to_gain_has_no_efficiency() -> None:
    rows = [attempt(arm, "a", True) for arm in ("none", "bm25", "golden")]
    assert [arm.efficiency for arm in summarise_knowledge("agent", rows).arms] == [None] * 3


def test_intervals_cover_what_they_estimate_and_repeat() -> None:
    rows = [
        (name, value) for name in "abcdefgh" for value in (0.0, 1.0, 1.0 if name < "d" else 0.0)
    ]
    found = mean_difference(rows)
    assert found is not None
    assert found == mean_difference(rows)
    assert found.interval is not None
    assert found.interval.low < found.value < found.interval.high


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_agreement_of_few_scenarios_is_not_certainty(value: float) -> None:
    found = mean_difference([(name, value) for name in "abcd"])
    assert found is not None
    assert found.interval is not None
    assert found.interval.high - found.interval.low > 0.5
    assert found.interval.low <= value <= found.interval.high


def test_one_worse_pair_makes_nobody_surer() -> None:
    lows = []
    for worst in (1.0, 0.0, -1.0):
        found = mean_difference([(name, worst if name == "a" else 1.0) for name in "abcdefgh"])
        assert found is not None
        assert found.interval is not None
        lows.append(found.interval.low)
    assert lows == sorted(lows, reverse=True)


def test_a_ratio_that_is_the_same_everywhere_is_no_certainty() -> None:
    found = ratio_of_means([(name, 0.5, 1.0) for name in "abcdefgh"])
    assert found is not None
    assert found.interval is not None
    assert found.interval.low < found.value - 0.1
    assert found.interval.high > found.value + 0.1


def test_no_pair_is_no_number() -> None:
    assert mean_difference([]) is None
    assert ratio_of_means([]) is None
    assert ratio_of_means([("a", 0.5, 0.0)]) is None
    assert ratio_of_means([("a", 0.5, 0.5), ("b", 0.1, -0.5)]) is None


def test_a_ratio_is_bounded_only_where_its_base_holds() -> None:
    firm = ratio_of_means([(name, 0.5, 1.0) for name in "abcd"] + [("e", 0.0, 1.0)])
    assert firm is not None
    assert firm.value == pytest.approx(0.4)
    assert firm.interval is not None
    thin = ratio_of_means([("a", 1.0, 1.0), ("b", 0.0, 0.0)])
    assert thin is not None
    assert (thin.value, thin.interval) == (1.0, None)


def use(tool: str, returned: list[str], opened: str = "", shown_chars: int = 0) -> DocumentUse:
    return DocumentUse(
        before_step=0, tool=tool, returned=returned, opened=opened, shown_chars=shown_chars
    )


def test_recall_tells_finding_from_reading() -> None:
    results = ["D", "S", "x", "y", "G1", "G2"]
    uses = [use("search_docs", results), use("open_doc", ["G1"], "G1", 300)]
    rows = [
        attempt("bm25", "a", True, required=NEEDED, uses=uses),
        attempt("bm25", "b", False, required=NEEDED),
        attempt("bm25", "c", True),
    ]
    [bm25] = summarise_knowledge("agent", rows).arms
    assert bm25.retrieved_recall == 0.25
    assert bm25.opened_recall == 0.25
    assert bm25.sought == 0.5
    assert bm25.opened_mean == pytest.approx(1 / 3)
    assert bm25.opened_chars_mean == 300


def test_files_and_prompts_count_whatever_their_number() -> None:
    shelf = ["a", "b", "c", "d", "e", "f", "G1", "G2"]
    for tool in ("shell", "prompt"):
        rows = [attempt("shell", "a", True, required=NEEDED, uses=[use(tool, shelf)])]
        assert summarise_knowledge("agent", rows).arms[0].retrieved_recall == 1.0


def test_stale_documents_mislead_who_was_shown_them() -> None:
    broken = NEEDED.model_copy(update={"broken": True, "followed_stale": True})
    otherwise = NEEDED.model_copy(update={"broken": True})
    shown = [use("open_doc", ["S"], "S")]
    rows = [
        attempt("stale", "a", False, required=broken, uses=shown),
        attempt("stale", "b", True, required=NEEDED, uses=shown),
        attempt("stale", "c", False, required=otherwise, uses=shown),
        attempt("stale", "d", False, required=broken, uses=[use("search_docs", ["S"])]),
    ]
    [stale] = summarise_knowledge("agent", rows).arms
    assert stale.stale_shown == 3
    assert stale.stale_susceptibility == pytest.approx(1 / 3)
    assert stale.broke_rule == 0.75


def step(index: int, stdout: str, stderr: str = "", exit_code: int = 0) -> Step:
    return Step(
        index=index,
        command="",
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
        started_ms=0,
        ended_ms=0,
    )


def test_quotes_are_exact_or_they_are_not() -> None:
    quotes = [
        Quote(step=0, text="exit code   137"),
        Quote(step=1, text="exit code 137"),
        Quote(step=0, text="exit code 139"),
        Quote(step=7, text="drain key must"),
        Quote(step=0, text=" "),
        Quote(step=0, text="critical: cart"),
        Quote(step=1, text="[exit code 1]"),
        Quote(step=0, text="e"),
        Quote(step=0, text="code 137"),
    ]
    report = Report(
        root_causes=[RootCause(entity="a/B/c", evidence=quotes)],
        citations=[
            Citation(doc="G1", text="The drain key\n must be set"),
            Citation(doc="G2", text="The drain key must be set"),
            Citation(doc="G1", text="The drain key may be set"),
            Citation(doc="G1", text="key"),
            Citation(doc="G9", text="The drain key must be set"),
        ],
    )
    documents = {"G1": "1. The drain key must be set first.", "G2": "No drain is needed."}
    steps = [step(0, "exit code\n137"), step(1, "", "no such pod", 1)]
    checked = check_quotes(report, steps, documents, "PAGE critical: cart")
    assert (checked.quotes, checked.quotes_exact, checked.quotes_found) == (9, 2, 5)
    assert [citation.exact for citation in checked.citations] == [True, False, False, False, False]


def test_precision_and_recall_of_citations() -> None:
    cited = CheckedQuotes(
        quotes=4,
        quotes_exact=3,
        citations=[
            CheckedCitation(doc="G1", exact=True),
            CheckedCitation(doc="G2", exact=False),
            CheckedCitation(doc="D", exact=True),
        ],
    )
    rows = [
        attempt("bm25", "a", True, required=NEEDED, cited=cited),
        attempt("bm25", "b", True, required=NEEDED),
    ]
    [bm25] = summarise_knowledge("agent", rows).arms
    assert bm25.citation_precision == pytest.approx(2 / 3)
    assert bm25.citation_recall == 0.25
    assert bm25.quote_precision == 0.75


def test_no_attempt_has_no_shares() -> None:
    [none] = summarise_knowledge("agent", [attempt("none", "a", False)]).arms
    absent = {
        "retrieved_recall",
        "opened_recall",
        "stale_susceptibility",
        "citation_precision",
        "citation_recall",
        "quote_precision",
        "broke_rule",
        "sought",
        "opened_chars_mean",
    }
    assert {name for name in absent if getattr(none, name) is None} == absent
