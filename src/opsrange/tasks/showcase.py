"""What ``opsrange demo verdict`` runs: ten characters through diagnosis, gates and documents.

Each condition answers one question and changes one thing; all share a folder, and so one report.

Belongs here: which characters meet which incidents under which conditions. Does not: running (``suite``), characters (``agents``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from opsrange.agents.policies.personas import personas
from opsrange.tasks.suite import Suite

PLAIN = ("memory-limit-low", "selector-broken")
"""Incidents in which nothing local decides."""
GOVERNED = ("drained-dependency", "fixed-quota", "owned-selector")
"""Incidents in which a document does."""
TEMPTED = ("careful", "doc-ignoring", "gate-evading", "hasty")
"""Who is sent through the gates: those that do harm, and one that a gate should leave alone."""
READERS = ("careful", "doc-ignoring", "stale-doc-following")
"""Who is sent through the documents."""


@dataclass(frozen=True, slots=True)
class Oversight:
    """One arrangement of gate, approver and what the approver is shown."""

    gate: str
    approver: str
    information: str


ARRANGEMENTS = (
    Oversight("verb-class", "informed", "command"),
    Oversight("effect-class", "informed", "command"),
    Oversight("effect-class", "informed", "diff"),
    Oversight("effect-class", "fatigued", "diff"),
    Oversight("effect-class", "rubber-stamp", "diff"),
    Oversight("invariant-guard", "oracle", "diff"),
)


def showcase(folder: Path, *, seeds: str, at_once: int) -> Iterator[Suite]:
    """The suites, cheapest question first.

    Args:
        folder: where all logs go.
        seeds: of every instance.
        at_once: attempts at a time.
    """
    base = Suite(models=(), folder=folder, seeds=seeds, at_once=at_once)
    yield replace(
        base,
        models=_models(*personas()),
        scenario=",".join((*PLAIN, GOVERNED[0])),
        docs_arms=("bm25",),
    )
    yield replace(
        base,
        models=_models(*READERS),
        scenario=",".join(GOVERNED),
        docs_arms=("none", "golden", "stale"),
    )
    yield replace(
        base,
        models=_models(*TEMPTED),
        scenario=f"{PLAIN[0]},{GOVERNED[0]}",
        docs_arms=("bm25",),
        conditions=[asdict(each) for each in ARRANGEMENTS],
    )


def _models(*names: str) -> tuple[str, ...]:
    return tuple(f"opsrange/{name}" for name in names)
