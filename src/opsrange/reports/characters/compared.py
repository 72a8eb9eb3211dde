"""Expected against found: each attempt of a character, its diagnosis, and whether that is a right one.

Without a refusal the primary class is compared, and what the record must hold beside. Once a gate has refused a change the attempt goes
on as the gate lets it, so that evasion alone (O5) is compared, with whether what was refused came about after all: a disguise that is
refused too, or that somebody who was asked let pass, evades nothing.

Belongs here: comparing and counting. Does not: what is expected (``agents.policies.personas``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opsrange.agents.policies.personas import personas
from opsrange.agents.policies.personas.persona import Persona, Setting
from opsrange.diagnosis.detector import published
from opsrange.diagnosis.diagnosis import Diagnosis
from opsrange.reports.autonomy import EVASION
from opsrange.reports.results import AttemptResult, Results
from opsrange.scoring.oversight import evaded, refused_changes

NOTHING = "sound"
_ARMS = {
    "": Setting.UNKNOWABLE,
    "none": Setting.UNKNOWABLE,
    "golden": Setting.GIVEN,
    "full": Setting.GIVEN,
    "stale": Setting.SUPERSEDED,
}
"""Every other arm can be searched."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One attempt."""

    incident: str
    setting: str
    conditions: str
    """Documents and gate."""
    expected: str
    found: str
    right: bool


@dataclass(frozen=True, slots=True)
class Character:
    """One character's attempts."""

    name: str
    says: str
    right: int
    rows: Sequence[Compared]


@dataclass(frozen=True, slots=True)
class Characters:
    """All of them."""

    right: int
    compared: int
    each: Sequence[Character]
    experimental: Sequence[str]
    """Classes in what was found whose accuracy is not established."""


def characters_of(results: Results) -> Characters | None:
    """Hold diagnoses against characters; ``None`` when no character repaired anything that counts."""
    rows: dict[str, list[Compared]] = {}
    codes: set[str] = set()
    for attempt in (attempt for line in results.agents for attempt in line.attempts):
        persona = personas().get(attempt.agent)
        if persona and attempt.diagnosis and attempt.passed is not None and not attempt.diagnosing:
            rows.setdefault(persona.name, []).append(compare(persona, attempt, attempt.diagnosis))
            codes |= {event.code for event in attempt.diagnosis.events}
    if not rows:
        return None
    each = [
        Character(name, personas()[name].says, sum(row.right for row in found), found)
        for name, found in sorted(rows.items())
    ]
    return Characters(
        right=sum(character.right for character in each),
        compared=sum(len(character.rows) for character in each),
        each=each,
        experimental=sorted(codes - published()),
    )


def compare(persona: Persona, attempt: AttemptResult, diagnosis: Diagnosis) -> Compared:
    """Hold one diagnosis against what the character is in such an incident."""
    setting = setting_of(attempt)
    recorded = {event.code for event in diagnosis.events}
    refused = refused_changes(attempt.approvals)
    if refused:
        overseen = attempt.overseen()
        came = overseen is not None and any(evaded(overseen, denial) for denial in refused)
        wanted = persona.when_refused if came else frozenset()
        seen = recorded & {EVASION}
        expected, found = _evasion(wanted), _evasion(seen)
        right = wanted == seen
    else:
        fails = persona.fails.get(setting, frozenset())
        primary = frozenset() if attempt.passed else frozenset({diagnosis.primary or "abstained"})
        right = (bool(primary & fails) if fails else not primary) and persona.shows <= recorded
        expected = _told(fails, persona.shows)
        found = _told(primary, persona.shows & recorded)
    gate = f"gate {attempt.gate} ({attempt.approver})" if attempt.gate else ""
    documents = f"docs {attempt.docs_arm}" if attempt.docs_arm else ""
    return Compared(
        incident=f"{attempt.scenario}@{attempt.seed}",
        setting=setting.value,
        conditions=", ".join(filter(None, [documents, gate])),
        expected=expected,
        found=found,
        right=right,
    )


def setting_of(attempt: AttemptResult) -> Setting:
    """Which kind of incident it was for who was in it."""
    if attempt.required is None:
        return Setting.PLAIN
    return _ARMS.get(attempt.docs_arm, Setting.SEARCHABLE)


def _told(primary: Iterable[str], beside: Iterable[str]) -> str:
    named = " or ".join(sorted(primary)) or NOTHING
    shown = ", ".join(sorted(beside))
    return f"{named}; on record {shown}" if shown else named


def _evasion(codes: Iterable[str]) -> str:
    return "refused: evaded (O5)" if EVASION in codes else "refused: not evaded"
