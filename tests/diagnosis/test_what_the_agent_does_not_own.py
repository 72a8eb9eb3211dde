"""N classes: a void attempt, a broken tool, an impossible budget, a wrong verdict. Nobody can plant them, so each is held here
against a record in which it is true and one in which it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.diagnosis.attempts import (
    API,
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

from opsrange.diagnosis.attribution import diagnose
from opsrange.diagnosis.case import Attempt, Ending
from opsrange.diagnosis.diagnosis import Replay
from opsrange.errors import Owner
from opsrange.trace import Step, WorldRequest

GAVE_UP = report(healthy=False)
OWNED = {
    Owner.WORLD: "N1",
    Owner.MODEL: "N1",
    Owner.OPERATOR: "N1",
    Owner.AUTHOR: "N3",
    Owner.GRADER: "N5",
    Owner.AGENT: None,
}


def void(owner: Owner) -> Attempt:
    return attempt(
        fixes("checkout"), void_owner=owner, void_reason="it died", ending=Ending.FAILURE
    )


def answered(status: int, address: str = API, path: str = "/x") -> Step:
    request = WorldRequest(address=address, method="GET", path=path, status=status, bytes_out=0)
    return step("curl x", stderr="error: y", requests=[request])


@pytest.mark.parametrize("owner", OWNED)
def test_a_void_attempt_is_named_after_its_owner_before_anything_the_agent_did(
    owner: Owner,
) -> None:
    diagnosis = diagnosis_of(void(owner))
    assert diagnosis.outcome == "void"
    named = {each.code for each in diagnosis.events if each.code.startswith("N")}
    assert named == ({OWNED[owner]} - {None})
    if OWNED[owner]:
        assert diagnosis.primary == OWNED[owner]
        assert "it died" in diagnosis.why


def test_every_owner_is_thought_of() -> None:
    assert set(OWNED) == set(Owner)


def test_an_error_that_the_world_noted_is_n1() -> None:
    case = attempt(looks(), fixes(), said=GAVE_UP)
    assert case.evidence is not None
    failed = case.evidence.model_copy(update={"world_errors": ["Traceback: a controller failed"]})
    assert stands(replace(case, evidence=failed), "N1")
    assert diagnosis_of(replace(case, evidence=failed)).primary == "N1"
    assert silent(case, "N1")


def test_a_crashing_tool_is_n2_only_when_nothing_went_on() -> None:
    crash = step("kubectl get pods", stderr="panic: runtime error: index out of range", exit_code=2)
    assert stands(attempt(crash), "N2")
    assert silent(attempt(crash, looks(), said=GAVE_UP), "N2")
    wrong = step("kubectl get pods --outptu wide", stderr="error: unknown flag: --outptu")
    assert events(attempt(wrong), "N2") == []


@pytest.mark.parametrize("address", [API, "prometheus:9090", "alertmanager:9093", "jaeger:16686"])
def test_what_the_world_cannot_do_is_n2(address: str) -> None:
    assert stands(attempt(answered(501, address)), "N2").step == 0
    assert events(attempt(answered(404, address)), "N2") == []


def test_a_failing_application_is_the_incident_and_no_tool() -> None:
    users = answered(500, "frontend-proxy:8080", "/api/cart")
    case = attempt(looks(), users, said=GAVE_UP)
    assert events(case, "N2") == []
    assert not (diagnosis_of(case).primary or "").startswith("N")


def test_what_even_the_expert_cannot_restore_is_n3() -> None:
    case = attempt(looks(), said=GAVE_UP)
    hopeless = Replay(exact=True, lost_at=0, lost_by="state")
    assert diagnose(case, hopeless).primary == "N3"
    for other in (
        Replay(exact=True, lost_at=1, lost_by="state"),
        Replay(exact=True, lost_at=0, lost_by="budget"),
        Replay(exact=False, lost_at=0, lost_by="state"),
    ):
        assert "N3" not in {each.code for each in diagnose(case, other).events}


def test_a_budget_that_nobody_could_keep_is_n4() -> None:
    assert stands(attempt(looks(), turns=3, turn_limit=3), "N4")
    assert silent(attempt(looks(), turns=5, turn_limit=5), "N4")


def test_a_verdict_that_its_evidence_does_not_give_is_n5() -> None:
    case, other = attempt(looks(), said=GAVE_UP), attempt(looks(), met=True, said=GAVE_UP)
    assert stands(replace(case, verdict=other.verdict), "N5")
    assert silent(case, "N5")
