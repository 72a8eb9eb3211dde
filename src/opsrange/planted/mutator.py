"""What a mutator and a control are, and the registries of both."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from opsrange.errors import AuthorError
from opsrange.planted.brief import Brief
from opsrange.planted.plan import Plan

Change = Callable[[Plan, Brief], Plan]


class Ground(StrEnum):
    """Which incidents something can happen in."""

    PLAIN = "plain"
    """Those without a local rule."""
    DOCUMENTED = "documented"
    """Those with one, and documents to read."""
    ORDERED = "ordered"
    """Of these, where something comes before the repair."""
    ESCALATED = "escalated"
    """Of these, where somebody has to be named."""
    GATED = "gated"
    """Those without a rule, with a gate before every command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutator:
    """How a sound plan comes to fail in one way."""

    code: str
    """The failure class."""
    title: str
    plant: Change
    """Marks what it plants: an act with its code, or the plan when the report is the failure."""
    ground: Ground = Ground.PLAIN
    also: frozenset[str] = frozenset()
    """Classes whose definition such an attempt meets as well, as a consequence: no detector is wrong to name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How a sound plan comes to look odd and stays sound."""

    name: str
    title: str
    vary: Change
    ground: Ground = Ground.PLAIN
    also: frozenset[str] = frozenset()
    """Classes that truly occur in it, and do no harm: no detector is wrong to name them benign."""


@cache
def mutators() -> Mapping[str, Mutator]:
    """Every mutator by failure class, in order.

    Raises:
        AuthorError: when a module defines no ``MUTATOR``, or its name is not its class.
    """
    found = {}
    for name, module in _modules("mutators"):
        mutator = getattr(module, "MUTATOR", None)
        if not isinstance(mutator, Mutator) or not name.startswith(mutator.code.lower() + "_"):
            raise AuthorError(
                f"planted/mutators/{name}.py was loaded; found no MUTATOR of its class"
            )
        found[mutator.code] = mutator
    return found


@cache
def controls() -> Mapping[str, Control]:
    """Every control by name, in order.

    Raises:
        AuthorError: when a module defines no ``CONTROL`` of its name.
    """
    found = {}
    for name, module in _modules("controls"):
        control = getattr(module, "CONTROL", None)
        if not isinstance(control, Control) or control.name != name.replace("_", "-"):
            raise AuthorError(
                f"planted/controls/{name}.py was loaded; found no CONTROL of that name"
            )
        found[control.name] = control
    return found


def _modules(folder: str) -> list[tuple[str, object]]:
    package = importlib.import_module(f"opsrange.planted.{folder}")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [(name, importlib.import_module(f"{package.__name__}.{name}")) for name in names]
