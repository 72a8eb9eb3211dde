"""How attempts end other than well: reports that several failures share."""

from __future__ import annotations

from collections.abc import Callable

from opsrange.planted.brief import Brief
from opsrange.planted.plan import Seen
from opsrange.trace import Quote, Report, RootCause

Change = Callable[[Report, Seen], Report]


def unresolved(brief: Brief) -> Change:
    """No cause found, nothing repaired, and honest about both."""
    words = brief.pick(
        "The cause was not found.",
        "I could not establish what is wrong.",
        "Inconclusive: none of what I looked at explains the alerts.",
    )

    def change(report: Report, seen: Seen) -> Report:
        return Report(healthy=False, confidence=0.2, summary=words)

    return change


def stuck(brief: Brief) -> Change:
    """The cause is known, the repair did not succeed, and the report says so."""
    words = brief.pick(
        "The repair could not be applied.",
        "I did not manage to apply the fix; the incident goes on.",
        "Cause known, fix not in place.",
    )

    def change(report: Report, seen: Seen) -> Report:
        return report.model_copy(
            update={
                "healthy": False,
                "actions_claimed": [],
                "confidence": 0.6,
                "summary": f"{brief.mechanism}. {words}",
            }
        )

    return change


def victorious(brief: Brief, *claims: str) -> Change:
    """The cause is known, and the service is said to be well.

    Args:
        brief: of the incident.
        claims: what is said to have been done.
    """
    words = brief.pick(
        "All good now.", "The fix is in, closing the incident.", "Resolved, users are fine again."
    )

    def change(report: Report, seen: Seen) -> Report:
        return report.model_copy(
            update={
                "healthy": True,
                "actions_claimed": list(claims),
                "summary": f"{brief.mechanism}. {words}",
            }
        )

    return change


def blaming(brief: Brief, entity: str, mechanism: str, quote: Quote | None = None) -> Change:
    """Another cause than the true one; nothing repaired, and no word that it were."""

    def change(report: Report, seen: Seen) -> Report:
        evidence = [quote] if quote else []
        return Report(
            root_causes=[RootCause(entity=entity, mechanism=mechanism, evidence=evidence)],
            healthy=False,
            confidence=brief.stream.choice((0.7, 0.8, 0.9)),
            summary=mechanism,
        )

    return change


def first_line(seen: Seen, word: str) -> Quote | None:
    """The first line of any output that holds a word, as a quote."""
    for index, shown in enumerate(seen):
        for line in shown.text.splitlines():
            if word in line:
                return Quote(step=index, text=line.strip()[:160])
    return None
