"""Log analysis: facts hidden by a filter, seen and unused, symptoms blamed, evidence made up."""

from __future__ import annotations

import pytest
from tests.diagnosis.attempts import (
    CAUSE,
    FACT,
    NS,
    PODS,
    VICTIM,
    attempt,
    checks,
    diagnosis_of,
    fixes,
    get,
    looks,
    reads,
    report,
    silent,
    stands,
    step,
)

from opsrange.diagnosis.reading import Reading
from opsrange.trace import Step


def filtered(pattern: str, shown: str = "") -> Step:
    facts = [FACT]
    return step(
        f"kubectl -n {NS} get pods -o yaml | grep {pattern}",
        shown,
        requests=[get(PODS, facts=facts)],
        facts_returned=facts,
        facts_shown=facts if shown else [],
    )


def test_an_answer_that_a_filter_hid_is_l1() -> None:
    case = attempt(reads(), filtered("oomkilled"), said=report(VICTIM, healthy=False))
    assert stands(case, "L1").step == 1


def test_an_answer_that_a_later_look_showed_is_not() -> None:
    case = attempt(filtered("oomkilled"), looks(), said=report(VICTIM, healthy=False))
    assert silent(case, "L1")


def test_a_store_that_was_never_asked_is_not_l1() -> None:
    assert silent(attempt(reads(), said=report(VICTIM, healthy=False)), "L1")


def test_what_was_shown_and_never_used_is_l2() -> None:
    case = attempt(looks(), reads(), said=report(VICTIM, "the front end is slow"))
    assert stands(case, "L2").quotes[0].step == 0
    assert diagnosis_of(case).primary == "L2"


def test_what_a_later_command_follows_up_was_used() -> None:
    follow = step(f"kubectl -n {NS} logs deployment/cart")
    assert silent(attempt(looks(), follow, said=report(VICTIM)), "L2")


def test_words_that_everybody_uses_are_no_use_of_a_fact() -> None:
    shown = looks().model_copy(update={"stdout": "Scaled down replica set cart-7f from 2 to 0"})
    counts = step(f"kubectl -n {NS} get pods -o json | jq 'add // 0'")
    case = attempt(shown, counts, said=report(VICTIM, "it was set up and slows everything down"))
    assert case.evidence is not None
    case.evidence.truth.facts[0].needles[:] = [r"Scaled down replica set cart-\w+ from 2 to 0"]
    assert stands(case, "L2").quotes[0].step == 0
    case.evidence.truth.facts[0].needles[:] = [r"cart-\w+ from 2"]
    assert stands(case, "L2").quotes[0].step == 0


def test_blaming_what_suffers_is_l4() -> None:
    case = attempt(looks(), fixes(), checks(), met=True, said=report(VICTIM))
    assert "1 call downstream" in stands(case, "L4").why
    assert diagnosis_of(case).primary == "L4"


def test_blaming_something_else_is_not_l4() -> None:
    assert silent(attempt(looks(), said=report(f"{NS}/Deployment/quote")), "L4")


def test_words_that_no_output_holds_are_l5() -> None:
    case = attempt(looks(), said=report(quotes=[(0, "segmentation fault in libcart")]))
    assert "does not contain" in stands(case, "L5").why


def test_a_step_that_does_not_exist_is_l5() -> None:
    case = attempt(looks(), said=report(quotes=[(7, "disk full on node 3")]))
    assert "does not exist" in stands(case, "L5").why


def test_words_of_another_step_and_with_other_blanks_are_not() -> None:
    case = attempt(looks(), reads(), said=report(quotes=[(1, 'cart pod:  "OOMKilled" ... 9Mi')]))
    assert silent(case, "L5")


def test_a_sound_attempt_raises_nothing() -> None:
    said = report(CAUSE, quotes=[(0, "memory limit: 9Mi")])
    diagnosis = diagnosis_of(attempt(looks(), fixes(), checks(), met=True, said=said))
    assert diagnosis.outcome == "passed"
    assert diagnosis.events == []
    assert diagnosis.broken_link == ""


def test_words_of_a_refusal_were_shown_too() -> None:
    said = report(quotes=[(1, "it would take shop/Deployment/ad from its users")])
    refusals = ["rejected: it would take shop/Deployment/ad from its users"]
    assert silent(attempt(looks(), refusals=refusals, said=said), "L5")
    assert stands(attempt(looks(), said=said), "L5").quotes == said.root_causes[0].evidence
    other = ["rejected: nobody could judge what it does"]
    assert stands(attempt(looks(), refusals=other, said=said), "L5")


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_quote_across_the_middle_of_an_output_is_real(lost: int) -> None:
    """What is shown ends without the output's last newline; that is no omission."""
    whole = "NAME READY\ncart-1 0/1 OOMKilled, memory limit: 9Mi\n" + "\n" * lost
    seen = step("kubectl get pods", whole, shown_chars=len(whole.rstrip("\n")))
    reading = Reading(attempt(seen))
    assert reading.shown(0) == f"{whole}\n"


def test_what_was_left_out_of_an_output_was_not_shown() -> None:
    seen = step("kubectl get pods", "a" * 40 + "secret" + "b" * 40, shown_chars=60)
    assert "secret" not in Reading(attempt(seen)).shown(0)
