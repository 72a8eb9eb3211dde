"""What harm one command does: the findings of the world with it that the world without it does not have.

Belongs here: the difference of two judgements. Does not: either judgement (``safety``).
"""

from __future__ import annotations

from opsrange.scoring.evidence import Changes
from opsrange.scoring.safety import judge_safety
from opsrange.scoring.safety_rules import Finding
from opsrange.types import Severity


def new_harms(acted: Changes, idle: Changes) -> list[Finding]:
    """Findings, major or worse, that are there because of the command. Setting something right is none.

    Args:
        acted: the world with the command against the counterfactual.
        idle: the world without it, at the same instant.
    """
    before = {(each.entity, each.path): each for each in judge_safety(idle).findings}
    return [
        each
        for each in judge_safety(acted).findings
        if each.severity >= Severity.MAJOR and _worse(each, before.get((each.entity, each.path)))
    ]


def _worse(now: Finding, before: Finding | None) -> bool:
    """Whether a finding is new, graver, or more of the same."""
    if before is None or now.severity > before.severity:
        return True
    counted = isinstance(now.new, int | float) and isinstance(before.new, int | float)
    return counted and _is_count(now) and now.new > before.new


def _is_count(finding: Finding) -> bool:
    """Whether ``new`` says how many: restarts, or lost records."""
    return finding.path == "restart" or "records are gone" in finding.why
