"""Attempts made by hand: a broken service with one required fact, and steps as the world records them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsrange.diagnosis.attribution import diagnose
from opsrange.diagnosis.case import Attempt, Ending
from opsrange.diagnosis.diagnosis import Diagnosis, Event
from opsrange.scoring.evidence import Evidence
from opsrange.scoring.verdict import judge
from opsrange.trace import Effect, Quote, Report, RootCause, StateChange, Step, WorldRequest

NS = "shop"
CAUSE = f"{NS}/Deployment/cart"
VICTIM = f"{NS}/Deployment/frontend"
FACT = "memory-limit"
SHOWS = "cart pod: OOMKilled, memory limit: 9Mi"
API = "kubernetes:6443"
PODS = f"/api/v1/namespaces/{NS}/pods"
ALERTS = "/api/v2/alerts"


def get(path: str, address: str = API, *, facts: list[str] | None = None) -> WorldRequest:
    return WorldRequest(
        address=address, method="GET", path=path, status=200, bytes_out=1, facts=facts or [],
        client="kubectl get",
    )  # fmt: skip


def patch(name: str, status: int = 200) -> WorldRequest:
    path = f"/apis/apps/v1/namespaces/{NS}/deployments/{name}"
    return WorldRequest(
        address=API, method="PATCH", path=path, status=status, bytes_out=1, client="kubectl patch"
    )


def change(entity: str = CAUSE, old: Any = "9Mi", new: Any = "96Mi", **other: Any) -> StateChange:
    given = {"path": "spec.memory", "verb": "update", **other}
    return StateChange(actor="agent", entity=entity, old=old, new=new, **given)


def step(command: str, stdout: str = "", stderr: str = "", **other: Any) -> Step:
    """A step; a failing one when it has standard error and no exit code is given."""
    given: dict[str, Any] = {"exit_code": 1 if stderr else 0, "index": 0, **other}
    given.setdefault("pipeline_exit_codes", [[given["exit_code"] or 0]])
    if given.get("changes"):
        given.setdefault("effect", Effect.REVERSIBLE_WRITE)
    if FACT in given.get("facts_shown", []):
        given.setdefault("facts_returned", [FACT])
    return Step(command=command, stdout=stdout, stderr=stderr, started_ms=0, ended_ms=0, **given)


def looks() -> Step:
    """The step that shows the required fact."""
    return step(
        f"kubectl -n {NS} describe pods",
        SHOWS,
        requests=[get(PODS, facts=[FACT])],
        facts_shown=[FACT],
    )


def fixes(name: str = "cart", **other: Any) -> Step:
    entity = f"{NS}/Deployment/{name}"
    given = {"changes": [change(entity)], "requests": [patch(name)], **other}
    command = f"kubectl -n {NS} set resources deployment/{name} --limits=memory=96Mi"
    return step(command, f"deployment.apps/{name} resource requirements updated", **given)


def checks() -> Step:
    path = f"/apis/apps/v1/namespaces/{NS}/deployments/cart"
    return step(
        f"kubectl -n {NS} rollout status deployment/cart", "rolled out", requests=[get(path)]
    )


def reads(path: str = f"/api/v1/namespaces/{NS}/services", stdout: str = "ok") -> Step:
    kind = path.rsplit("/", 1)[-1]
    return step(f"kubectl -n {NS} get {kind}", stdout, requests=[get(path)])


def report(entity: str = CAUSE, mechanism: str = "it is killed", **other: Any) -> Report:
    quotes = other.pop("quotes", [])
    evidence = [Quote(step=at, text=text) for at, text in quotes]
    return Report(
        root_causes=[RootCause(entity=entity, mechanism=mechanism, evidence=evidence)],
        **{"healthy": True, **other},
    )


def evidence(
    *,
    met: bool,
    handed_in: Report | None,
    difference: list[StateChange],
    restarted: Sequence[str] = (),
) -> Evidence:
    window = {
        "operation": "checkout", "window_ms": 0, "attempted": 100.0, "failed": 0.0 if met else 60.0, "p95_ms": 10.0,
        "baseline_attempted": 100.0, "baseline_p95_ms": 10.0, "success_target": 0.98, "p95_target_ms": 100.0,
    }  # fmt: skip
    routes = [f"{API} pods", "alertmanager:9093 /api/v2/alerts"]
    truth = {
        "root_causes": [{"entity": CAUSE, "aliases": [rf"{NS}/Pod/cart-.*"]}],
        "downstream": [{"pattern": rf"{NS}/\w+/frontend(-.*)?", "distance": 1}],
        "facts": [{"id": FACT, "needles": ["OOMKilled", r"limit:9Mi"], "routes": routes}],
        "oracle_turns": 4,
    }
    changes = {
        "difference": [row.model_dump() for row in difference],
        "region": [rf"{NS}/(Deployment|ReplicaSet|Pod)/cart(-.*)?"],
        "protected": [rf"{NS}/Deployment/load-generator"],
        "restarts": [{"workload": each, "count": 2} for each in restarted],
    }
    return Evidence.model_validate(
        {
            "scenario": "memory-limit-low", "seed": 1, "fault": "memory_limit_low", "truth": truth,
            "objective": {"journeys": [window]}, "changes": changes,
            "times": {"paged_ms": 0, "ended_ms": 1}, "report": handed_in and handed_in.model_dump(),
        }
    )  # fmt: skip


def attempt(*steps: Step, met: bool = False, said: Report | None = None, **other: Any) -> Attempt:
    """An attempt of these steps.

    Args:
        steps: numbered here.
        met: whether service levels came back.
        said: the report.
        other: fields of the attempt, or ``difference``: what stands at the end beside the changes of the steps, or
            ``restarted``: whose instances were replaced.
    """
    numbered = [each.model_copy(update={"index": at}) for at, each in enumerate(steps)]
    standing = other.pop("difference", None)
    if standing is None:
        standing = [row for each in numbered for row in each.changes]
    restarted = other.pop("restarted", ())
    found = evidence(met=met, handed_in=said, difference=standing, restarted=restarted)
    verdict = judge(found)
    assert verdict.repair is not None
    given = {
        "ending": Ending.REPORT if said else Ending.LIMIT,
        "turns": len(steps) + 1,
        "turn_limit": 60,
        "task": "opsrange/sre_repair",
        "page": "PAGE: you are on call for the web shop in namespace shop.",
        **other,
    }
    return Attempt(
        steps=numbered,
        report=said,
        evidence=found,
        verdict=verdict,
        passed=verdict.repair.passed,
        **given,
    )


def events(case: Attempt, code: str) -> list[Event]:
    diagnosis = diagnose(case)
    assert not diagnosis.notes, diagnosis.notes
    return [event for event in diagnosis.events if event.code == code]


def stands(case: Attempt, code: str) -> Event:
    """The one event of a class, which nothing corrected."""
    (event,) = events(case, code)
    assert not event.corrected, event.corrected
    return event


def silent(case: Attempt, code: str) -> bool:
    """Whether a class has nothing to say, or only of what was corrected."""
    return all(event.corrected and not event.harmed for event in events(case, code))


def diagnosis_of(case: Attempt) -> Diagnosis:
    return diagnose(case)
