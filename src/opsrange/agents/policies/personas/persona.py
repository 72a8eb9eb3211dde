"""What a character is, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from opsrange.agents.policy import Policy
from opsrange.discovery import defined
from opsrange.errors import AuthorError

_SHARED = {"persona", "shift"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One character."""

    name: str
    says: str
    """What a fair judge should find out about it, in a sentence."""
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
