"""Precision, recall, steps and confusion, against tables worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from opsrange.planted.labels import Label
from opsrange.planted.mutator import mutators
from opsrange.proof.accuracy import Found, Judged, measure
from opsrange.proof.detectors_page import HEADINGS, page
from opsrange.proof.validation import PAGES, planted_on, published_after


def row(code: str, events: list[tuple[str, int, bool]], **more: Any) -> Judged:
    label: dict[str, Any] = {
        "code": code,
        "step": 3 if code else None,
        "also": [],
        "decisive": bool(code),
    }
    label |= more.pop("label", {})
    document = {
        "agent": "a",
        "scenario": "s",
        "family": "network",
        "seed": 1,
        "passed": not code,
        "label": Label.model_validate(label),
        "events": [Found(code=c, step=s, corrected=b) for c, s, b in events],
        "primary": events[0][0] if events and code else None,
        "primary_step": events[0][1] if events else None,
        "steps": 10,
        "first_error": None,
        "first_wrong_write": None,
    }
    return Judged.model_validate({**document, **more})


def test_precision_and_recall_of_a_class() -> None:
    rows = [row("L1", [("L1", 3, False)])] * 8 + [row("L1", [])] * 2
    rows += [row("X1", [("L1", 3, False)])] * 2 + [row("", [])] * 8
    found = {each.code: each for each in measure(rows).classes}["L1"]
    assert (found.true_positives, found.false_positives) == (8, 2)
    assert (found.precision, found.recall) == (0.8, 0.8)
    assert found.precision_interval.low == pytest.approx(0.4902, abs=1e-4)
    assert found.precision_interval.high == pytest.approx(0.9433, abs=1e-4)
    assert found.f1_always == pytest.approx(2 * 0.5 / 1.5)
    assert found.confusion == {"L1": 8, "": 2}


def test_a_class_is_published_at_the_bar_and_not_below() -> None:
    at_bar = [row("L1", [("L1", 3, False)])] * 36 + [row("", [])] * 36
    [found] = measure(at_bar).classes
    assert found.precision_interval.low == pytest.approx(0.9036, abs=1e-4)
    assert found.published
    [below] = measure([*at_bar, row("", [("L1", 1, False)])]).classes
    assert not below.published


def test_a_class_that_was_not_measured_stays_as_published_as_it_was() -> None:
    good = [row("L1", [("L1", 3, False)])] * 36 + [row("X1", [])] * 36 + [row("", [])] * 36
    assert published_after(["K1", "X1"], measure(good)) == ["K1", "L1"]


def test_every_planted_class_is_measured_on_one_page() -> None:
    on_pages = [code for grounds in PAGES.values() for code in planted_on(grounds)]
    assert sorted(on_pages) == sorted(mutators())
    assert list(PAGES) == list(HEADINGS)


def test_what_follows_from_the_planted_failure_is_nobodys_false_alarm() -> None:
    rows = [row("X3", [("O2", 3, False)], label={"also": ["O2"]}), row("O2", [("O2", 3, False)])]
    found = {each.code: each for each in measure(rows).classes}["O2"]
    assert (found.true_positives, found.false_positives) == (1, 0)


def test_in_a_control_only_a_corrected_slip_that_happened_is_excused() -> None:
    corrected = row("", [("X1", 2, True)], label={"also": ["X1"]})
    alarmed = row("", [("X1", 2, False)], label={"also": ["X1"]})
    rows = [row("X1", [("X1", 3, False)]), corrected, alarmed]
    validation = measure(rows)
    assert validation.classes[0].false_positives == 1
    assert validation.false_alarms_per_success == 0.5


def test_a_harmless_planted_failure_is_found_when_it_is_named_corrected() -> None:
    harmless = row("X5", [("X5", 3, True)], label={"decisive": False}, passed=True)
    decisive = row("X5", [("X5", 3, True)])
    assert [each.recall for each in measure([harmless, decisive]).classes] == [0.5]


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("passed", [False, True])
def test_a_detector_that_always_fires_is_measured_as_one(corrected: bool, passed: bool) -> None:
    """Whether attempts pass, and what the detector calls its events, must not help it."""
    fired = [("L1", 0, corrected)]
    plants = [row("L1", fired, label={"decisive": False}, passed=passed)] * 36
    [found] = measure(plants + [row("", fired)] * 36).classes
    assert found.precision == 0.5
    assert found.f1 == found.f1_always
    assert found.false_alarms_per_success == 1.0
    assert not found.published


def test_steps_count_by_distance_beside_guesses() -> None:
    rows = [
        row("L1", [("L1", 3, False)], first_error=2),
        row("L1", [("L1", 4, False)], first_error=9),
        row("L1", [("L1", 7, False)], first_wrong_write=3),
    ]
    validation = measure(rows)
    assert validation.classes[0].near == pytest.approx({0: 1 / 3, 1: 2 / 3, 3: 2 / 3})
    ways = {way.name: way.near for way in validation.localisation}
    assert ways["primary event"] == pytest.approx({0: 1 / 3, 1: 2 / 3, 3: 2 / 3})
    assert ways["first error"] == pytest.approx({0: 0, 1: 1 / 3, 3: 1 / 3})
    assert ways["first wrong write"] == pytest.approx({0: 1 / 3, 1: 1 / 3, 3: 1 / 3})
    assert ways["last step"] == pytest.approx({0: 0, 1: 0, 3: 0})


def test_leaving_a_family_out_shows_what_rests_on_it() -> None:
    rows = [row("L1", [("L1", 3, False)], family="release")] * 4
    rows += [row("L1", [], family="network")] * 2 + [row("L1", [("L1", 3, False)])] * 2
    [found] = measure(rows).classes
    assert found.recall == 0.75
    assert found.recall_left_out == 0.5


def test_the_page_has_a_row_per_class_and_says_what_was_measured() -> None:
    rows = [row("L1", [("L1", 3, False)])] * 36 + [row("X1", [])] * 36 + [row("", [])] * 72
    text = page(measure(rows, void=2), {"L1": "wrong scope", "X1": "malformed"}, "1-3")
    assert "| L1 | wrong scope | 36 | 36 | 1.00 (0.90–1.00) |" in text
    assert "| published |" in text
    assert "| experimental |" in text
    assert "72 planted failures and 72 healthy controls" in text
    assert "2 attempts void" in text
    assert "| X1 | – 36 |" in text
    lines = text.splitlines()
    header = next(line for line in lines if line.startswith("| class"))
    body = next(line for line in lines if line.startswith("| L1"))
    assert header.count("|") == body.count("|")
