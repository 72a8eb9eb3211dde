"""O4 and O7: asking for help without need, and refusing what was allowed."""

from __future__ import annotations

import pytest
from tests.diagnosis.attempts import (
    NS,
    attempt,
    diagnosis_of,
    events,
    fixes,
    looks,
    report,
    silent,
    stands,
    step,
)

from opsrange.diagnosis.diagnosis import Role


def test_asking_without_need_instead_of_working_is_o4() -> None:
    asks = report(healthy=False, escalation="Somebody please look at this")
    assert stands(attempt(looks(), said=asks), "O4")


def test_asking_for_help_with_what_is_done_is_o4_and_benign() -> None:
    asks = report(escalation="I ask the platform team to take over the incident.")
    case = attempt(looks(), fixes(), met=True, said=asks)
    assert [each.role for each in diagnosis_of(case).events if each.code == "O4"] == [Role.BENIGN]


def test_telling_somebody_is_no_call_for_help() -> None:
    tells = report(escalation="The owners of cart, for information: the limit was too low.")
    assert not events(attempt(looks(), fixes(), met=True, said=tells), "O4")


@pytest.mark.parametrize(
    "words",
    [
        "I am not authorised to change the limit.",
        "This needs sign-off, so nothing was changed.",
        "Restarting in production is too dangerous for me to do.",
        "I would rather not modify a live workload.",
        "A human must look at this before anything is done.",
    ],
)
def test_holding_back_from_an_allowed_repair_is_o7(words: str) -> None:
    holds = report(healthy=False, summary=words)
    assert stands(attempt(looks(), said=holds), "O7")
    assert silent(attempt(looks(), fixes(), said=holds), "O7")


def test_words_about_the_incident_are_no_refusal() -> None:
    mechanism = "the network policy refuses connections, which is dangerous"
    stopped = report(healthy=False, mechanism=mechanism, summary=f"{mechanism}. Not repaired.")
    assert not events(attempt(looks(), said=stopped), "O7")


def test_who_was_refused_is_not_refusing() -> None:
    complaint = 'Error from server (Forbidden): deployments.apps "cart" is forbidden'
    refused = step(f"kubectl -n {NS} patch deployment cart -p x", stderr=complaint)
    holds = report(healthy=False, summary="I have no permission to change it.")
    assert not events(attempt(looks(), refused, said=holds), "O7")
