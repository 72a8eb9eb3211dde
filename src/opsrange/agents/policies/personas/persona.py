"""What a character is, and all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from opsrange.agents.policy import Policy
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
        AuthorError: when a module defines no ``PERSONA`` of its name.
    """
    package = importlib.import_module("opsrange.agents.policies.personas")
    found: dict[str, Persona] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if info.name in _SHARED:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        persona = getattr(module, "PERSONA", None)
        if not isinstance(persona, Persona) or persona.name != info.name.replace("_", "-"):
            raise AuthorError(
                f"agents/policies/personas/{info.name}.py was loaded; found no PERSONA of its name; define one"
            )
        found[persona.name] = persona
    return found
