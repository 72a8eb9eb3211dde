"""The yardsticks: who knows everything, who does nothing, who always says the same.

Belongs here: policies that look at nothing. Does not: cheats, investigation.
"""

from __future__ import annotations

from opsrange.agents.policies.surroundings import main_namespace
from opsrange.agents.policy import Case, Play
from opsrange.errors import AuthorError
from opsrange.trace import Report, RootCause


def oracle(case: Case) -> Play:
    """Run the commands of the answer key, one turn each, and report the truth.

    Raises:
        AuthorError: when it is not given the answer key.
    """
    if case.key is None:
        raise AuthorError("the oracle was given no answer key; the world must answer `oracle`")
    for command in case.key.commands:  # noqa: UP028  # a list cannot be sent outputs
        yield command
    return case.key.report


def uninformed(case: Case) -> Play:
    """Know the cause and no document: the repair that would be right anywhere else.

    Raises:
        AuthorError: when it is not given the answer key.
    """
    if case.key is None:
        raise AuthorError("uninformed was given no answer key; the world must answer `oracle`")
    for command in case.key.plain_commands:  # noqa: UP028  # a list cannot be sent outputs
        yield command
    return case.key.report.model_copy(update={"escalation": ""})


def null(case: Case) -> Play:
    """Look at nothing, do nothing, say so."""
    yield from ()
    return Report(healthy=False, confidence=0.0, summary="Nothing was investigated.")


def constant(case: Case) -> Play:
    """Always blame the feature flags: right on a third of ITBench-AA's public tasks."""
    namespace = yield from main_namespace()
    return Report(
        root_causes=[
            RootCause(
                entity=f"{namespace}/ConfigMap/flagd-config",
                mechanism="a feature flag was switched",
            )
        ],
        healthy=False,
        confidence=0.5,
        summary="It is always the feature flags.",
    )
