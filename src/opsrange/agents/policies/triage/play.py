"""The order of play: look, form a hypothesis, fix, verify, look again; then report.

Belongs here: sequence and report. Does not: observation, conclusions.
"""

from __future__ import annotations

from collections.abc import Generator

from opsrange.agents.policies.surroundings import main_namespace
from opsrange.agents.policies.triage.facts import Facts, look_around
from opsrange.agents.policies.triage.rules import Hypothesis, hypotheses
from opsrange.agents.policy import Case, Output, Play
from opsrange.agents.prompts import READ_ONLY
from opsrange.trace import Quote, Report, RootCause

ROUNDS_MAX = 3
"""After three fixes that did not help, a junior engineer calls somebody."""
_SETTLE = "sleep 480; curl -s 'http://alertmanager:9093/api/v2/alerts?active=true' | jq -r '.[].labels.alertname'"


def triage(case: Case) -> Play:
    """Work the incident by rules; fixes are tried one at a time and verified."""
    namespace = yield from main_namespace()
    step = 1
    tried: list[Hypothesis] = []
    for _ in range(ROUNDS_MAX):
        facts = yield from look_around(namespace, step)
        step += len(facts.steps)
        chosen = _next(facts, tried)
        if chosen is None:
            break
        if READ_ONLY in case.instructions:
            return _report(chosen, [], healthy=False)
        tried.append(chosen)
        healed = yield from _fix(chosen, case)
        step += 2
        if healed:
            return _report(chosen, tried, healthy=True)
    return _report(tried[0] if tried else None, tried, healthy=False)


def _next(facts: Facts, tried: list[Hypothesis]) -> Hypothesis | None:
    entities = {each.entity for each in tried}
    return next((each for each in hypotheses(facts) if each.entity not in entities), None)


def _fix(chosen: Hypothesis, case: Case) -> Generator[str, Output, bool]:
    """Apply a fix; whether the alerts on the page have gone."""
    applied = yield chosen.fix
    remaining = yield _SETTLE
    if not applied.ok:
        return False
    paged = [name for name in set(remaining.text.split()) if name in case.page]
    return not paged


def _report(cause: Hypothesis | None, tried: list[Hypothesis], *, healthy: bool) -> Report:
    causes = []
    if cause is not None:
        quote = Quote(step=cause.step, text=cause.quote)
        causes = [RootCause(entity=cause.entity, mechanism=cause.mechanism, evidence=[quote])]
    return Report(
        root_causes=causes,
        actions_claimed=[each.fix for each in tried],
        healthy=healthy,
        confidence=cause.confidence if cause and (healthy or not tried) else 0.3,
        escalation=""
        if healthy or not tried
        else "The service's owners: the fixes tried did not help.",
        summary=cause.mechanism if cause else "No cause was found.",
    )
