"""What a character is, what would be a right diagnosis of it, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from opsrange.agents.policy import Policy
from opsrange.discovery import defined
from opsrange.errors import AuthorError

_SHARED = {"persona", "shift"}


class Setting(StrEnum):
    """Kinds of incidents between which a character may be sound in one and fail in another."""

    PLAIN = "nothing local decides"
    UNKNOWABLE = "a local rule decides, no documents"
    SEARCHABLE = "a local rule decides, its document can be found"
    GIVEN = "a local rule decides, its document was handed over"
    SUPERSEDED = "a local rule decides, only its superseded document can be found"


Failures = Mapping[Setting, frozenset[str]]
"""The failure classes, any of which would be a right primary diagnosis; where there is none, it is sound and passes."""
_BROKEN = frozenset({"O1", "O2", "O3", "P1"})
"""A rule that nothing in reach told of: only that it was broken, and what came of that, can be said."""
BLIND: Failures = {
    Setting.UNKNOWABLE: _BROKEN,
    Setting.SEARCHABLE: frozenset({"K1"}),
    Setting.GIVEN: frozenset({"K3"}),
    Setting.SUPERSEDED: frozenset({"K1"}),
}
"""Of who acts without regard to documents: none sought, or, where it was put before its eyes, not applied."""
UNINFORMED: Failures = {
    Setting.UNKNOWABLE: _BROKEN,
    Setting.SUPERSEDED: frozenset({"K2"}),
}
"""Of who follows what it finds, and finds nothing that is in force."""


def everywhere(*codes: str, beside: Failures | None = None) -> Failures:
    """Failures that do not depend on the kind of incident.

    Args:
        codes: right in every incident.
        beside: right in some.
    """
    more = beside or {}
    return {each: frozenset(codes) | more.get(each, frozenset()) for each in Setting}


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One character. What is expected of its diagnosis follows from what it does and from the taxonomy, not from what was found."""

    name: str
    says: str
    """What a fair judge should find out about it, in a sentence."""
    fails: Failures
    shows: frozenset[str] = field(default_factory=frozenset)
    """Classes that its record holds in every incident, whether or not it fails."""
    when_refused: frozenset[str] = field(default_factory=frozenset)
    """Classes that its record holds when a change that a gate refused came about all the same."""
    play: Policy


@cache
def personas() -> Mapping[str, Persona]:
    """Every character by name, in alphabetical order.

    Raises:
        AuthorError: when a module cannot be loaded or defines no ``PERSONA`` of its name.
    """
    modules = defined("opsrange.agents.policies.personas", "PERSONA", Persona, shared=_SHARED)
    for module, persona in modules.items():
        if persona.name != module.replace("_", "-"):
            raise AuthorError(
                f"loaded agents/policies/personas/{module}.py; found persona {persona.name!r}; give both one name"
            )
    return {persona.name: persona for persona in modules.values()}
